import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("accounts", "0006_support_address"), ("crm", "0008_sort_names")]

    operations = [
        migrations.CreateModel(
            name='CohortBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.DateField()),
                ('last', models.DateField()),
                ('zone', models.CharField(max_length=64)),
                ('is_by_city', models.BooleanField()),
                ('counted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LeadCohort',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=20)),
                ('city', models.CharField(max_length=120)),
                ('far', models.PositiveSmallIntegerField()),
                ('leads', models.PositiveIntegerField()),
                ('worth', models.BigIntegerField()),
                ('money', models.CharField(max_length=3)),
                ('waits', models.TextField(null=True)),
                ('block', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cohorts', to='crm.cohortblock')),
                ('owner', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.team')),
            ],
        ),
    ]
