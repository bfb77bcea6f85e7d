"""Long lists are written to files in the background."""

from django.conf import settings
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_support_address")]

    operations = [
        migrations.CreateModel(
            "Export",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("list", models.CharField(max_length=20)),
                ("query", models.TextField(blank=True)),
                ("format", models.CharField(max_length=4)),
                ("path", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("user", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports")),
            ],
        ),
    ]
