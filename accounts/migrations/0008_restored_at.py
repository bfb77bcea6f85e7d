"""Since when a restored copy waits for its release; the one row that says so is there from the beginning."""

from django.db import migrations, models


def make_the_one(apps, schema_editor):
    apps.get_model("accounts", "Workspace").objects.using(schema_editor.connection.alias).get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_exports"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="restored_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunPython(make_the_one, migrations.RunPython.noop),
    ]
