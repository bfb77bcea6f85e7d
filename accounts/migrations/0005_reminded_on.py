from django.db import migrations, models

import accounts.models.workspace


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_working_hours")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="reminded_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="working_hours",
            field=models.JSONField(default=accounts.models.workspace.office_week),
        ),
    ]
