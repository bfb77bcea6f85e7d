from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0009_cohorts"),
    ]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="invites",
            field=models.BooleanField(default=False),
        ),
    ]
