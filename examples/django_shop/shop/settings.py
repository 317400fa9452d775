"""No more than the example needs: no users, no pages."""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1]
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "of no use here: nothing is signed")
POINTS_WEBHOOK_SECRET = os.environ.get("POINTS_WEBHOOK_SECRET", "")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DATA_UPLOAD_MAX_MEMORY_SIZE = 65_536
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", FOLDER / "shop.db"),
        "OPTIONS": {
            "timeout": 5,
            "transaction_mode": "IMMEDIATE",  # the lock is there before what is written is read
            "init_command": "pragma journal_mode = wal; pragma synchronous = full",
        },
    }
}
