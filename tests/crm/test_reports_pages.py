"""Reports as pages, files and mails: who sees them, where they lead, and with whose rights they are sent."""

import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
import time_machine
from django.core import mail

from accounts.actions.people import change_roles, deactivate_user
from accounts.models import Notification, Workspace
from core.errors import Invalid
from core.models import Effect, Event
from crm.actions.reports import reschedule_report, schedule_report, send_report, switch_report
from crm.jobs import send_due_reports, tell_unusual_figures
from crm.models import Goal, ReportRecipient, ReportSchedule
from crm.queries.reports import REPORTS
from crm.workbooks import Workbook
from tests.crm.analytics_world import NOW, make_world
from tests.factories.crm import SYSTEM, make_deal, make_lead
from tests.people import as_actor, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("that_day")]
PAGES = [f"/reports/{key}/" for key in REPORTS]


@pytest.fixture
def that_day():
    with time_machine.travel(NOW, tick=False):
        yield


def text_of(user, path: str, **query: str) -> str:
    answer = browser(user).get(path, query)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def links(html: str, start: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(rf'href="({re.escape(start)}[^"]*)"', html)]


def test_reports_open_for_those_who_may_read_them(people):
    make_world([people.rita, people.ron], 3)
    for short, user in people.everybody().items():
        may = short in {"ada", "max", "mia", "vic", "fin"}
        for path in ["/reports/", "/dashboard/", "/reports/schedules/", *PAGES]:
            assert browser(user).get(path).status_code == (200 if may else 403), (short, path)
        assert browser(user).get("/settings/goals/").status_code == (200 if short in {"ada", "max"} else 403)
    assert browser(people.ada).get("/reports/magic/").status_code == 404
    assert browser().get("/reports/pipeline/").status_code == 302


def test_a_report_is_a_chart_a_table_and_filters(people):
    make_world([people.rita, people.ron], 3)
    for path in PAGES:
        html = text_of(people.ada, path, period="quarter")
        assert html.count('role="img"') == 1, path
        assert "<script>" not in html
        assert "style=" not in html.partition("<main")[2]
        assert 'name="owner"' in html
        assert "1 Oct – 21 Nov 2026" in html


def test_numbers_lead_to_the_list_that_shows_just_them(people):
    make_world([people.rita, people.ron], 3)
    reader = browser(people.max)
    html = text_of(people.max, "/reports/rep-performance/", period="year")
    for address in links(html, "/deals/list/?"):
        owner = re.search(r"owner=(\w+)", address)[1]
        deals = people.rita.deals.model.objects.filter(status="open", currency="INR")
        own = deals.filter(owner=None if owner == "none" else owner)
        shown = reader.get(address).content.decode()
        assert shown.count('name="pk"') == own.count()
    html = text_of(people.max, "/reports/sources/", period="year")
    sources = links(html, "/leads/?")
    assert len(sources) == 2
    cells = re.findall(r'leads/\?[^"]*source=(\w+)".*?<td class="r num">(\d+)</td>', html, re.DOTALL)
    for source, n in cells:
        address = next(one for one in sources if f"source={source}" in one)
        shown = reader.get(address).content.decode()
        assert shown.count('name="pk"') == min(int(n), 50)


def test_marketing_gets_sums_without_a_way_to_deals(people):
    make_world([people.rita, people.ron], 3)
    for user in (people.mia, people.fin):
        for path in PAGES:
            assert links(text_of(user, path, period="year"), "/deals/list/?") == []
    assert links(text_of(people.mia, "/reports/sources/", period="year"), "/leads/?")
    assert not links(text_of(people.fin, "/reports/sources/", period="year"), "/leads/?")
    assert links(text_of(people.vic, "/reports/pipeline/", period="year"), "/deals/list/?")


def test_empty_reports_say_what_they_need(people):
    for _ in range(3):
        make_lead()
    assert "Needs 10 leads to say something. You have 3." in text_of(people.ada, "/reports/sources/")
    assert "Needs 10 deals to say something. You have 0." in text_of(people.ada, "/reports/pipeline/")
    assert "Needs 2 months with a forecast" in text_of(people.ada, "/reports/forecast-accuracy/")
    assert "Too little happened yet" in text_of(people.mia, "/dashboard/")


def test_a_report_is_exported_with_the_figures_of_the_page(people):
    make_deal("won", owner=people.rita, value_minor=1_234_500, closed_on=NOW.date())
    client = browser(people.ada)
    answer = client.get("/reports/rep-performance/export/?period=month&format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Rep,Won deals,Won (INR),Before (INR)")
    assert lines[1].startswith("Rita Rep,1,12345,0,")
    assert answer["Content-Disposition"] == 'attachment; filename="rep-performance-2026-11-21.csv"'
    answer = client.get("/reports/rep-performance/export/?period=month&format=xlsx")
    with ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:
        book = Workbook(archive)
        assert list(book.records())[1][1][:3] == ["Rita Rep", "1", "12345"]
    assert client.get("/reports/pipeline/export/?format=pdf").content.startswith(b"%PDF")
    assert client.get("/reports/pipeline/export/?format=doc").status_code == 422
    assert browser(people.rita).get("/reports/pipeline/export/").status_code == 403


def test_the_dashboard_tells_the_roles_what_is_theirs(people):
    make_world([people.rita, people.ron], 3)
    for user, needs in ((people.ada, True), (people.max, True), (people.mia, False), (people.vic, False)):
        html = text_of(user, "/dashboard/", period="quarter")
        assert html.count('role="img"') >= 2
        assert ("Needs you" in html) == needs
        assert "Rita Rep" in html
    assert "1 Oct – 21 Nov 2026" in text_of(people.ada, "/dashboard/", period="quarter")
    assert "1 – 21 Nov 2026" in text_of(people.ada, "/dashboard/", period="fortnight")


def schedule(maker, *readers, **more) -> ReportSchedule:
    values = {"report": "rep-performance", "query": "period=quarter", "format": "csv", "weekday": None, "hour": 8}
    return schedule_report(actor=as_actor(maker), recipients=readers, **values | more)


def readers() -> list[str]:
    """To whom mails went so far."""
    return [message.to[0] for message in mail.outbox]


def file_of(message) -> tuple[str, str]:
    """Name and text of what is attached."""
    ((name, content, _kind),) = message.attachments
    return name, content if isinstance(content, str) else content.decode("utf-8-sig")


def test_a_report_is_scheduled_on_its_page(people):
    client = browser(people.mia)
    form = client.get("/reports/schedules/new/?report=sources&period=quarter")
    assert form.status_code == 200
    assert 'value="period=quarter"' in form.content.decode()
    sent = {
        "report": "sources",
        "query": "period=quarter&owner=&x=1",
        "format": "pdf",
        "weekday": "0",
        "hour": "9",
        "recipients": [people.mia.pk, people.vic.pk],
    }
    assert client.post("/reports/schedules/new/", sent).status_code == 303
    row = ReportSchedule.objects.get()
    assert (row.query, row.weekday, row.hour, row.maker) == ("period=quarter", 0, 9, people.mia)
    assert "Monday 9:00" in text_of(people.mia, "/reports/schedules/")
    assert (
        client.post(
            f"/reports/schedules/{row.pk}/", {**sent, "hour": "7", "weekday": "", "recipients": [people.vic.pk]}
        ).status_code
        == 303
    )
    row.refresh_from_db()
    assert (row.hour, row.weekday, [one.user for one in row.recipients.all()]) == (7, None, [people.vic])
    wrong = {**sent, "recipients": [people.rita.pk]}
    answer = client.post("/reports/schedules/new/", wrong)
    assert answer.status_code == 422
    assert "Rita Rep may not read reports" in answer.content.decode()
    assert client.post("/reports/schedules/new/", {**sent, "query": "period=never"}).status_code == 422
    assert browser(people.max).get(f"/reports/schedules/{row.pk}/").status_code == 404
    assert browser(people.max).post(f"/reports/schedules/{row.pk}/switch/").status_code == 404
    assert browser(people.rita).get("/reports/schedules/new/").status_code == 403


def test_a_report_goes_out_once_on_its_day_at_its_hour(people, run_events):
    make_world([people.rita, people.ron], 3)
    row = schedule(people.ada, people.ada, people.mia, weekday=0)
    for moment, count in (
        ("2026-11-22T09:00", 0),
        ("2026-11-23T07:59", 0),
        ("2026-11-23T08:00", 2),
        ("2026-11-23T08:10", 2),
        ("2026-11-23T20:00", 2),
        ("2026-11-30T08:30", 4),
    ):
        with time_machine.travel(f"{moment}+05:30", tick=False):
            send_due_reports()
            run_events()
            assert len(mail.outbox) == count, moment
    row.refresh_from_db()
    assert row.sent_on == date(2026, 11, 30)
    assert mail.outbox[0].subject == "My business: Reps, 1 Oct – 23 Nov 2026"
    assert "/reports/rep-performance/?period=quarter" in mail.outbox[0].body
    name, text = file_of(mail.outbox[0])
    assert name == "rep-performance-2026-11-23.csv"
    assert "Rep,Won deals" in text


def test_figures_are_worked_out_with_the_reader_s_rights(people, run_events):
    people.north  # noqa: B018 - Max leads it, Rita is in it
    for owner, value in ((people.rita, 100_000), (people.ron, 900_000)):
        make_deal("won", owner=owner, value_minor=value, closed_on=NOW.date())
    Workspace.current()
    Workspace.objects.update(manager_scope="team")
    send_report(schedule(people.ada, people.ada, people.max), actor=SYSTEM, on=NOW.date())
    run_events()
    told = {message.to[0]: file_of(message)[1] for message in mail.outbox}
    assert "Ron Rep,1,9000" in told["ada@example.com"]
    assert "Rita Rep,1,1000" in told["max@example.com"]
    assert "Ron Rep" not in told["max@example.com"]


def test_who_lost_the_right_gets_none_and_the_maker_hears_of_it(people, run_events):
    row = schedule(people.ada, people.max, people.vic, people.mia)
    change_roles(people.vic, actor=SYSTEM, roles=("sales-rep",))
    deactivate_user(people.mia, actor=SYSTEM)
    send_report(row, actor=SYSTEM, on=NOW.date())
    send_report(row, actor=SYSTEM, on=NOW.date())
    run_events()
    assert readers() == ["max@example.com"]
    assert list(row.recipients.values_list("user", flat=True)) == [people.max.pk]
    told = Notification.objects.filter(user=people.ada, kind="report.left").order_by("pk")
    assert {one.text for one in told} == {
        "Vic Viewer may not read reports any more and gets “Reps” no longer.",
        "Mia Marketing may not read reports any more and gets “Reps” no longer.",
    }


def test_the_right_is_asked_again_as_the_mail_is_written(people, run_events):
    row = schedule(people.ada, people.max)
    send_report(row, actor=SYSTEM, on=NOW.date())
    change_roles(people.max, actor=SYSTEM, roles=("sales-rep",))
    run_events()
    assert mail.outbox == []
    assert Effect.objects.get(subject_type="report").state == Effect.PLANNED


def test_mails_are_switched_off_by_maker_and_by_reader(people, run_events):
    row = schedule(people.ada, people.max, people.mia)
    mine = ReportRecipient.objects.get(user=people.max)
    assert "Reps" in text_of(people.max, "/reports/schedules/")
    assert browser(people.mia).post(f"/reports/subscriptions/{mine.pk}/leave/").status_code == 404
    assert browser(people.max).post(f"/reports/subscriptions/{mine.pk}/leave/").status_code == 303
    send_report(row, actor=SYSTEM, on=NOW.date())
    run_events()
    assert readers() == ["mia@example.com"]
    assert browser(people.ada).post(f"/reports/schedules/{row.pk}/switch/").status_code == 303
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        send_due_reports()
        run_events()
    assert len(mail.outbox) == 1
    row.refresh_from_db()
    switch_report(row, actor=as_actor(people.ada))
    row.refresh_from_db()
    assert row.is_active
    with pytest.raises(Invalid, match="may not read reports"):
        reschedule_report(row, actor=as_actor(people.ada), recipients=[people.sam])
    told = set(Event.objects.filter(subject_type="report").values_list("name", flat=True))
    assert told == {"report.scheduled", "report.due", "report.left"}


def test_goals_are_set_on_their_page(people):
    client = browser(people.max)
    goal = {"team": "", "month": "2026-11-17", "figure": "won", "amount": "18000"}
    assert client.post("/settings/goals/new/", goal).status_code == 303
    assert client.post("/settings/goals/new/", {**goal, "amount": "20000.50"}).status_code == 303
    row = Goal.objects.get()
    assert (row.month, row.amount, row.team) == (date(2026, 11, 1), 2_000_050, None)
    assert "₹20,000.50" in text_of(people.max, "/settings/goals/")
    assert client.post("/settings/goals/new/", {**goal, "amount": "-1"}).status_code == 422
    assert client.post("/settings/goals/new/", {**goal, "amount": ""}).status_code == 303
    assert Goal.objects.count() == 0
    assert browser(people.mia).post("/settings/goals/new/", goal).status_code == 403
    people.north  # noqa: B018
    Workspace.current()
    Workspace.objects.update(manager_scope="team")
    assert client.post("/settings/goals/new/", goal).status_code == 403
    assert client.post("/settings/goals/new/", {**goal, "team": people.south.pk}).status_code == 403
    assert client.post("/settings/goals/new/", {**goal, "team": people.north.pk}).status_code == 303


def test_managers_hear_once_a_day_of_a_figure_outside_its_range(people):
    people.max, people.ada  # noqa: B018
    yesterday = datetime(2026, 11, 20, 10, tzinfo=UTC)
    for week in range(1, 9):
        for _ in range(6):
            make_lead(created_at=yesterday - timedelta(weeks=week))
    for _ in range(5):
        make_lead(created_at=yesterday)
    tell_unusual_figures()
    assert not Notification.objects.filter(kind="figure.unusual").exists()
    for _ in range(14):
        make_lead(created_at=yesterday)
    tell_unusual_figures()
    tell_unusual_figures()
    told = Notification.objects.get(kind="figure.unusual")
    assert told.user == people.max
    assert told.text.startswith("New leads yesterday: 19; usually 6.0 on that weekday (8 weeks, p = 0.00")
