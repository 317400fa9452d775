"""A secret and a database of these tests' own, before anything asks for them."""

import os
import tempfile

FOLDER = tempfile.TemporaryDirectory(prefix="shop-")
os.environ["POINTS_WEBHOOK_SECRET"] = "made-up-for-tests-0123456789abcdef"
os.environ["SHOP_DATABASE"] = f"{FOLDER.name}/shop.db"
