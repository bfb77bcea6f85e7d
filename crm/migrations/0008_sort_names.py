"""Contacts, and what belongs to one, get the name that their lists are sorted by; it is written after `migrate`."""

from django.db import migrations, models

NOUNS = ("contact", "lead", "deal", "ticket")
OF_OWNERS = ("contact", "lead")
KEY = ["sort_name", "id"]


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_setup")]

    operations = [
        migrations.AddField(noun, "sort_name", models.CharField(default="", editable=False, max_length=60))
        for noun in NOUNS
    ]
    operations += [migrations.AddIndex(noun, models.Index(fields=KEY, name=f"{noun}_name")) for noun in NOUNS]
    operations += [
        migrations.AddIndex(noun, models.Index(fields=["owner", *KEY], name=f"{noun}_owner_name"))
        for noun in OF_OWNERS
    ]
