"""A person may switch the keys of one letter off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_restored_at")]

    operations = [migrations.AddField(model_name="user", name="letter_keys", field=models.BooleanField(default=True))]
