"""The HTML of a message was never kept; its column goes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("outreach", "0002_ticket_of_a_message"),
    ]

    operations = [
        migrations.RemoveField(model_name="message", name="body_html"),
    ]
