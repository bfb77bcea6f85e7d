"""A message may belong to a ticket."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_tickets"),
        ("outreach", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="ticket",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="messages",
                to="crm.ticket",
            ),
        ),
    ]
