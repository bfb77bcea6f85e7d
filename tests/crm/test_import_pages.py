"""The import from upload to result, in a browser."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import ImportRun, Lead
from tests.people import browser

pytestmark = pytest.mark.django_db
NEW = "/imports/new/"


def send(client, text: str, **data):
    return client.post(reverse("crm:import-new"), {"file": SimpleUploadedFile("leads.csv", text.encode()), **data})


def mapped(run: ImportRun, **changes) -> dict[str, str]:
    data = {f"column-{at}": run.mapping[header] for at, header in enumerate(run.headers)}
    return {"kind": run.kind, "mode": run.mode, "then": "check"} | data | changes


def test_a_file_travels_from_upload_to_result(rita, run_events):
    client = browser(rita)
    answer = send(client, "Full name,Email,City\nAsha Rao,asha@acme.in,Pune\n=1+1,bo@acme.in,Select\n")
    run = ImportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, run.get_absolute_url())
    page = client.get(run.get_absolute_url()).content.decode()
    assert "2 new, 0 join what is here" in page
    assert "Import 2 rows" in page
    assert "=1+1" in page
    assert client.post(run.get_absolute_url(), mapped(run, then="import")).status_code == 303
    page = client.get(run.get_absolute_url()).content.decode()
    assert "0 of 2 rows" in page
    assert 'hx-trigger="every 1s"' in page
    run_events()
    page = client.get(
        run.get_absolute_url(), headers={"HX-Request": "true", "HX-Target": "import-run"}
    ).content.decode()
    assert page.startswith('<div class="col g4" id="import-run"')
    assert "2 created, 0 joined" in page
    assert "every 1s" not in page
    assert list(Lead.objects.order_by("pk").values_list("contact__first_name", "owner")) == [
        ("Asha", rita.pk),
        ("=1+1", rita.pk),
    ]


def test_wrong_rows_are_shown_before_and_listed_after(rita, run_events):
    client = browser(rita)
    send(client, "Email\nasha@acme.in\nno address\n")
    run = ImportRun.objects.get()
    page = client.get(run.get_absolute_url()).content.decode()
    assert "Row 3" in page
    assert "Enter a valid email address." in page
    client.post(run.get_absolute_url(), mapped(run, then="import"))
    run_events()
    assert "Nothing was imported." in client.get(run.get_absolute_url()).content.decode()
    assert not Lead.objects.exists()
    csv = client.get(reverse("crm:import-failures", args=[run.pk]))
    assert csv["Content-Type"] == "text/csv; charset=utf-8"
    lines = csv.getvalue().decode("utf-8-sig").splitlines()
    assert lines == ["Row,Reason,Email", "3,Email: Enter a valid email address.,no address"]


def test_formulas_in_the_failures_are_harmless(rita, run_events):
    client = browser(rita)
    send(client, 'Email\n"=cmd|calc"\n')
    run = ImportRun.objects.get()
    client.post(run.get_absolute_url(), mapped(run, then="import"))
    run_events()
    csv = client.get(reverse("crm:import-failures", args=[run.pk])).getvalue()
    assert "'=cmd|calc" in csv.decode("utf-8-sig")


def test_the_columns_can_be_read_differently(rita):
    client = browser(rita)
    send(client, "Email,Where\nasha@acme.in,Pune\n")
    run = ImportRun.objects.get()
    assert run.mapping["Where"] == "fact:where"
    client.post(run.get_absolute_url(), mapped(run, mode="good", **{"column-1": "city"}))
    run.refresh_from_db()
    assert (run.mapping, run.mode, run.state) == ({"Email": "email", "Where": "city"}, "good", "draft")


def test_another_kind_guesses_its_own_fields(rita):
    client = browser(rita)
    send(client, "Name,Email,Where\nAsha,asha@acme.in,Pune\n")
    run = ImportRun.objects.get()
    client.post(run.get_absolute_url(), mapped(run, kind="contacts"))
    run.refresh_from_db()
    assert (run.kind, run.mapping["Where"]) == ("contacts", "custom:where")


@pytest.mark.parametrize(
    "changes",
    [
        {"column-0": "email", "column-1": "email"},
        {"column-1": "password"},
        {"column-1": "owner_id"},
        {"mode": "some"},
        {"kind": "secrets"},
    ],
)
def test_a_wrong_mapping_is_refused_and_changes_nothing(rita, changes):
    client = browser(rita)
    send(client, "Email,Where\nasha@acme.in,Pune\n")
    run = ImportRun.objects.get()
    answer = client.post(run.get_absolute_url(), mapped(run, **changes))
    assert answer.status_code == 422
    before = (run.kind, run.mode, run.mapping, run.version)
    run.refresh_from_db()
    assert (run.kind, run.mode, run.mapping, run.version) == before


def test_missing_columns_are_refused_with_what_would_be_right(rita):
    client = browser(rita)
    send(client, "City\nPune\n")
    run = ImportRun.objects.get()
    answer = client.post(run.get_absolute_url(), mapped(run, then="import"))
    assert answer.status_code == 409
    assert "Choose a column for Email or Phone or Reference." in answer.content.decode()


@pytest.mark.parametrize("name", ["x.csv", "../../etc/passwd", "x.php", "a" * 180 + ".csv", "<script>.csv"])
def test_file_names_are_only_shown(rita, name):
    client = browser(rita)
    file = BytesIO(b"Email\nasha@acme.in\n")
    file.name = name
    client.post(NEW, {"file": file})
    run = ImportRun.objects.get()
    assert "/" not in run.file_name
    assert "<script>.csv" not in client.get(run.get_absolute_url()).content.decode()
    assert run.file_path.startswith("imports/")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 x", b"PK\x03\x04" + bytes(40), b"\x00" * 50])
def test_what_is_no_table_comes_back_with_a_reason(rita, content):
    answer = browser(rita).post(NEW, {"file": SimpleUploadedFile("x.csv", content or b" ")})
    assert answer.status_code == 422
    assert "note bad" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_no_file_at_all_is_a_form_error(rita):
    assert browser(rita).post(NEW, {}).status_code == 422


def test_imports_are_seen_by_their_owner_and_administrators(people):
    send(browser(people.rita), "Email\nasha@acme.in\n")
    run = ImportRun.objects.get()
    url = run.get_absolute_url()
    codes = {
        short: browser(getattr(people, short)).get(url).status_code for short in ("rita", "ada", "ron", "max", "vic")
    }
    assert codes == {"rita": 200, "ada": 200, "ron": 404, "max": 404, "vic": 403}
    assert browser(people.ron).post(url, mapped(run, then="import")).status_code == 404
    assert browser(people.ron).get(reverse("crm:import-failures", args=[run.pk])).status_code == 404
    assert browser().get(url).status_code == 302
    assert "leads.csv" in browser(people.ada).get(reverse("crm:import-list")).content.decode()
    assert "leads.csv" not in browser(people.ron).get(reverse("crm:import-list")).content.decode()


def test_the_list_asks_as_many_queries_for_1_row_as_for_30(rita):
    client, asked = browser(rita), []
    for count in (1, 29):
        ImportRun.objects.bulk_create(
            ImportRun(kind="leads", file_name=f"{at}.csv", created_by=rita, total=1) for at in range(count)
        )
        client.get(reverse("crm:import-list"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("crm:import-list"))
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 8
