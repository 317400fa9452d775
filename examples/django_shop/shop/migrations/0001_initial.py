"""The two tables."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """As ``makemigrations`` wrote it."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("total", models.PositiveBigIntegerField()),
                ("refunded", models.PositiveBigIntegerField(default=0)),
                ("cancelled", models.BooleanField(default=False)),
            ],
        ),
    ]
