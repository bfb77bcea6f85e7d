"""Where customers write to, and when solved tickets close."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_reminded_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="support_email",
            field=models.EmailField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="workspace",
            name="ticket_close_days",
            field=models.PositiveSmallIntegerField(default=7),
        ),
    ]
