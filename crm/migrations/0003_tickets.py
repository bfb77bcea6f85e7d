"""Tickets, their notes, and the targets of each priority."""

import core.clock
import crm.models.search
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('crm', '0002_calendar'),
    ]

    operations = [
        migrations.CreateModel(
            name='SlaTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.CharField(choices=[('low', 'Low'), ('normal', 'Normal'), ('high', 'High'), ('urgent', 'Urgent')], max_length=6, unique=True)),
                ('response_minutes', models.PositiveIntegerField()),
                ('resolution_minutes', models.PositiveIntegerField()),
                ('raises_priority', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'service target',
            },
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('search_words', crm.models.search.WordsField(default='', editable=False)),
                ('requester', models.CharField(blank=True, max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('body', models.TextField(blank=True)),
                ('priority', models.CharField(choices=[('low', 'Low'), ('normal', 'Normal'), ('high', 'High'), ('urgent', 'Urgent')], default='normal', max_length=6)),
                ('status', django_fsm.FSMField(choices=[('open', 'Open'), ('pending', 'Waiting for the customer'), ('resolved', 'Resolved'), ('closed', 'Closed')], default='open', max_length=8, protected=True)),
                ('worked_seconds', models.PositiveIntegerField(default=0, editable=False)),
                ('running_since', models.DateTimeField(default=core.clock.now, editable=False, null=True)),
                ('response_due_at', models.DateTimeField(editable=False, null=True)),
                ('resolution_due_at', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('warn_at', models.DateTimeField(editable=False, null=True)),
                ('warned_at', models.DateTimeField(editable=False, null=True)),
                ('escalated_at', models.DateTimeField(editable=False, null=True)),
                ('first_answered_at', models.DateTimeField(editable=False, null=True)),
                ('resolved_at', models.DateTimeField(editable=False, null=True)),
                ('closed_at', models.DateTimeField(editable=False, null=True)),
                ('assignee', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tickets', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tickets', to='crm.contact')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at', 'id'], name='ticket_due'), models.Index(fields=['assignee', 'due_at', 'id'], name='ticket_assignee'), models.Index(fields=['status', '-created_at', '-id'], name='ticket_status'), models.Index(fields=['-created_at', '-id'], name='ticket_newest'), models.Index(fields=['contact', '-created_at', '-id'], name='ticket_contact'), models.Index(condition=models.Q(('warned_at__isnull', True)), fields=['warn_at', 'id'], name='ticket_warn')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('resolved_at', None), ('running_since__isnull', False), ('status', 'open')), models.Q(('closed_at', None), ('resolved_at', None), ('running_since', None), ('status', 'pending')), models.Q(('closed_at', None), ('resolved_at__isnull', False), ('running_since', None), ('status', 'resolved')), models.Q(('closed_at__isnull', False), ('resolved_at__isnull', False), ('running_since', None), ('status', 'closed')), _connector='OR'), name='ticket_status_and_times'), models.CheckConstraint(condition=models.Q(('priority__in', ['low', 'normal', 'high', 'urgent'])), name='ticket_priority_known')],
            },
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='TicketNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField(default=core.clock.now, editable=False)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='crm.ticket')),
            ],
        ),
    ]
