"""Working hours take the place of working days; what a workspace chose stays."""

from django.db import migrations, models

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def days_to_hours(apps, schema_editor):
    """Give each working day nine to six."""
    for workspace in apps.get_model("accounts", "Workspace").objects.all():
        days = [day for number, day in enumerate(DAYS, 1) if str(number) in workspace.workdays]
        workspace.working_hours = {day: [["09:00", "18:00"]] for day in days or DAYS}
        workspace.save(update_fields=["working_hours"])


def hours_to_days(apps, schema_editor):
    """Keep the days that have hours."""
    for workspace in apps.get_model("accounts", "Workspace").objects.all():
        days = [
            str(number) for number, day in enumerate(DAYS, 1) if workspace.working_hours.get(day)
        ]
        workspace.workdays = "".join(days)
        workspace.save(update_fields=["workdays"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_api_key_tier")]

    operations = [
        migrations.AddField("user", "days_off", models.JSONField(blank=True, default=list)),
        migrations.AddField("user", "remind_before", models.PositiveSmallIntegerField(default=15)),
        migrations.AddField("user", "working_hours", models.JSONField(blank=True, null=True)),
        migrations.AddField(
            "workspace",
            "working_hours",
            models.JSONField(default=dict),
        ),
        migrations.RunPython(days_to_hours, hours_to_days),
        migrations.RemoveField("workspace", "workdays"),
    ]
