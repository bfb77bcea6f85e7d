"""Imports: what is written, what is refused, what a kill leaves behind."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Team, User
from core.errors import Denied, Invalid, Refused
from core.models import Event
from crm import scoring
from crm.actions import imports
from crm.actions.import_check import cleaned, importer_of, reader_of, stage_of
from crm.actions.imports import carry_on, map_import, start_import, upload_import
from crm.actions.operations import undo_operation
from crm.actions.starter import make_starter_set
from crm.columns import guess_mapping
from crm.models import Consent, Contact, Deal, ImportRun, Item, Lead, Pipeline, ScoreModel
from crm.queries.imports import broken_imports, endings_of
from crm.staging import Busy, Ending
from tests.factories.crm import make_contact, make_lead
from tests.people import SYSTEM, as_actor

pytestmark = pytest.mark.django_db
SALES = Path("../shared/data/sales")
LEADS = Path("../shared/data/leads/x_education_train.csv")
HEADERS = "First name,Last name,Email,Phone,Company,City,Lead source,Visits"


def upload(text: str, actor=SYSTEM, kind: str = "", name: str = "leads.csv") -> ImportRun:
    return upload_import(actor=actor, file=BytesIO(text.encode()), file_name=name, kind=kind)


def bring(text: str, actor=SYSTEM, mode: str = "all", kind: str = "", known: str = "fill") -> ImportRun:
    run = upload(text, actor, kind)
    run = map_import(run, actor=actor, kind=run.kind, mode=mode, mapping=run.mapping, known=known)
    rehearsed = run.rehearsal["counts"]
    run = start_import(run, actor=actor)
    assert carry_on(run, actor=actor, seconds=300)
    run.refresh_from_db()
    if run.state == "finished":
        assert run.counts == rehearsed
    assert broken_imports() == []
    return run


def endings(run: ImportRun) -> dict[int, Ending]:
    return {ending.number: ending for ending, _ in endings_of(run, "", 0, 10_000)}


def outcomes(run: ImportRun) -> list[tuple[int, str]]:
    return [(number, ending.outcome) for number, ending in endings(run).items()]


def message(run: ImportRun, number: int = 2) -> str:
    return endings(run)[number].message


def outcome_file(number: int = 120) -> str:
    rows = [f"P{n},{'Referral' if n % 3 else 'Chat'},{n % 7},{int(n % 3 > 0)}" for n in range(number)]
    return "\n".join(["Prospect ID,Lead Source,TotalVisits,Converted", *rows])


def test_good_rows_become_scored_and_assigned_leads(people):
    people.north  # noqa: B018 - Rita and Max exist
    run = bring(f"{HEADERS}\nAsha,Rao,Asha@Acme.in,098765 43210,Acme Ltd,Pune,Referral,4\n")
    lead = Lead.objects.select_related("contact").get()
    assert (run.state, run.counts["created"]) == ("finished", 1)
    assert (lead.status, lead.stage, lead.source, lead.city) == ("new", "NEW", "referral", "Pune")
    assert lead.contact.email_folded == "asha@acme.in"
    assert lead.contact.phone_e164 == "+919876543210"
    assert lead.contact.addresses.count() == 2
    assert lead.score == lead.contact.score == scoring.add_up(lead.score_reasons) > 50
    assert lead.owner == people.rita
    assert lead.assigned_reason.startswith("Rita Rep: ")
    assert lead.facts["visits"] == 4
    assert not Event.objects.filter(name="lead.created").exists()
    assert Event.objects.get(name="importrun.finished").data["created"] == 1


def test_one_wrong_row_changes_nothing_and_is_named():
    text = f"{HEADERS}\nAsha,Rao,asha@acme.in,,,,,\nBo,Li,not an address,,,,,\nCy,Od,,,,,,\n"
    run = bring(text)
    assert run.state == "failed"
    assert not Contact.objects.exists()
    assert not Lead.objects.exists()
    assert run.counts == {"created": 0, "updated": 0, "skipped": 1, "error": 2}
    assert message(run, 3) == "Email: Enter a valid email address."
    assert message(run, 4) == ("The row has no email, no phone and no reference; one of them is needed.")
    assert run.message == "2 of 3 rows are wrong, so nothing was imported."


def test_the_good_rows_alone_when_asked_for():
    run = bring(f"{HEADERS}\nAsha,Rao,asha@acme.in,,,,,\nBo,Li,no,,,,,\n", mode="good")
    assert (run.state, outcomes(run)) == ("finished", [(2, "created"), (3, "error")])
    assert Lead.objects.count() == 1


def test_rows_of_the_same_person_are_joined_within_the_file():
    rows = ("Asha,Rao,asha@gmail.com,,,,,", "A,R,A.SHA@googlemail.com,+919876543210,Acme,,,9", ",,asha@gmail.com,,,,,")
    text = "\n".join((HEADERS, *rows))
    run = bring(text)
    assert outcomes(run) == [(2, "created"), (3, "updated"), (4, "skipped")]
    contact = Contact.objects.get()
    assert (contact.first_name, contact.company_name, contact.phone_e164) == ("Asha", "Acme", "+919876543210")
    assert Lead.objects.get().facts["visits"] == 9


def test_known_contacts_are_joined_never_overwritten():
    contact = make_contact(first_name="Asha", email="asha@acme.in", city="")
    run = bring(f"{HEADERS}\nWrong,Name,asha@acme.in,,,Pune,,\n")
    contact.refresh_from_db()
    assert (contact.first_name, contact.city, contact.version) == ("Asha", "Pune", 2)
    assert Lead.objects.get().contact == contact
    assert message(run) == f"New lead of {contact.name}."


def test_a_new_address_of_a_known_contact_is_kept_as_a_row():
    contact = make_contact(email="asha@acme.in")
    bring(f"{HEADERS}\n,,asha@acme.in,+919876543210,,,,\n")
    row = contact.addresses.get(channel="phone")
    assert (row.folded, row.is_primary) == ("+919876543210", True)
    assert outcomes(bring(f"{HEADERS}\n,,,+919876543210,,,,\n")) == [(2, "skipped")]


def test_an_open_lead_is_joined():
    lead = make_lead(contact=make_contact(email="asha@acme.in"))
    run = bring(f"{HEADERS}\n,,asha@acme.in,,,,,7\n")
    lead.refresh_from_db()
    assert (outcomes(run), lead.facts["visits"]) == ([(2, "updated")], 7)
    assert Lead.objects.count() == 1


def test_the_same_file_twice_tells_nothing_new():
    text = f"{HEADERS}\nAsha,Rao,asha@acme.in,,,Pune,,4\n"
    bring(text)
    assert outcomes(bring(text)) == [(2, "skipped")]
    assert (Contact.objects.count(), Lead.objects.count()) == (1, 1)


def test_addresses_of_two_people_in_one_row_stay_where_they_are():
    one, two = make_contact(email="one@acme.in"), make_contact(phone="+919876543210")
    run = bring(f"{HEADERS}\n,,one@acme.in,+919876543210,,,,\n")
    one.refresh_from_db()
    assert one.phone_e164 is None
    assert Lead.objects.get().contact == one
    assert endings(run)[2].contact == one.pk != two.pk


def test_who_said_no_is_not_written_to():
    bring("Email,Do Not Email,Do Not Call\nasha@acme.in,Yes,No\nbo@acme.in,No,Yes\n")
    said = Consent.objects.order_by("pk").values_list("contact__email", "channel", "state", "proof")
    assert list(said) == [
        ("asha@acme.in", "email", "withdrawn", "leads.csv, row 2"),
        ("bo@acme.in", "phone", "withdrawn", "leads.csv, row 3"),
    ]


def test_outcomes_teach_the_score_and_end_in_legal_states():
    make_starter_set(actor=SYSTEM)
    other = make_lead(score=50)
    run = bring(outcome_file(210))
    assert run.state == "finished"
    lost = Lead.objects.filter(status="disqualified", stage="NEW")
    won = Lead.objects.filter(status="converted", stage="INTERESTED").select_related("converted_deal", "contact")
    assert (lost.count(), won.count()) == (70, 140)
    assert set(lost.values_list("disqualification_reason", flat=True)) == {"Imported as lost"}
    for lead in won:
        assert lead.converted_deal.status == "won"
        assert lead.contact.stage == "customer"
    model = ScoreModel.objects.get(is_active=True)
    assert (model.n, model.name) == (210, "Learned from 210 leads")
    assert model.auc > 0.9
    assert {lead.score_model for lead in won} == {"learned"}
    other.refresh_from_db()
    assert other.score == scoring.add_up(other.score_reasons)
    assert other.score_model == "learned"


def test_outcomes_are_not_learned_twice():
    make_starter_set(actor=SYSTEM)
    bring(outcome_file())
    run = bring(outcome_file())
    assert run.counts["skipped"] == 120
    assert ScoreModel.objects.get().n == 120


def test_won_leads_need_a_pipeline_and_say_so():
    run = upload(outcome_file())
    assert run.rehearsal["blocked"] == [
        "There is no default pipeline with stages. Create one first, then import again."
    ]


def test_a_pipeline_that_went_away_leaves_nothing(monkeypatch):
    make_starter_set(actor=SYSTEM)
    run = start_import(upload(outcome_file()), actor=SYSTEM)
    Pipeline.objects.all().delete()
    assert carry_on(run, actor=SYSTEM)
    run.refresh_from_db()
    assert (run.state, run.counts["skipped"]) == ("failed", 120)
    assert run.message.startswith("There is no default pipeline")
    assert not Contact.objects.exists()
    assert broken_imports() == []


def test_a_killed_import_goes_on_where_it_stopped(monkeypatch):
    make_starter_set(actor=SYSTEM)
    monkeypatch.setitem(imports.CHUNK, connection.vendor, 25)
    run = start_import(upload(outcome_file()), actor=SYSTEM)
    assert not carry_on(run, actor=SYSTEM, seconds=0)
    run.refresh_from_db()
    assert (run.state, run.next_row, Lead.objects.count()) == ("running", 25, 25)
    scores = dict(Lead.objects.values_list("pk", "score"))
    while not carry_on(run, actor=SYSTEM, seconds=0):
        pass
    run.refresh_from_db()
    assert run.counts == run.rehearsal["counts"] == {"created": 120, "updated": 0, "skipped": 0, "error": 0}
    assert Lead.objects.count() == Contact.objects.count() == len(endings(run)) == 120
    assert ScoreModel.objects.get().n == 120
    # The same lesson in every slice: the first leads were scored with the weights that stayed.
    assert scores.items() <= dict(Lead.objects.values_list("pk", "score")).items()
    assert carry_on(run, actor=SYSTEM)
    assert broken_imports() == []


def test_two_workers_never_write_a_chunk_twice(monkeypatch):
    monkeypatch.setitem(imports.CHUNK, connection.vendor, 2)
    rows = "\n".join(f"a{n}@acme.in" for n in range(6))
    run = start_import(upload(f"Email\n{rows}\n"), actor=SYSTEM)
    carry_on(run, actor=SYSTEM, seconds=0)
    stale = ImportRun.objects.get(pk=run.pk)
    with stage_of(stale, alone=True), pytest.raises(Busy):
        carry_on(run, actor=SYSTEM)
    while not carry_on(run, actor=SYSTEM, seconds=0):
        pass
    with stage_of(stale) as stage:
        reader = reader_of(stale, stage)
        importer = importer_of(stale, SYSTEM, is_dry=False)
        work = cleaned(reader, stage.places(2, 2))
        imports.write_chunk(stale, actor=SYSTEM, importer=importer, stage=stage, reader=reader, work=work, expected=2)
    assert Lead.objects.count() == 6


def test_missing_columns_are_asked_for():
    run = upload("Name,City\nAsha,Pune\n")
    assert run.rehearsal["blocked"] == ["Choose a column for Email or Phone or Reference."]
    with pytest.raises(Refused, match="Choose a column"):
        start_import(run, actor=SYSTEM)


def test_a_started_import_cannot_be_changed():
    run = start_import(upload("Email\na@acme.in\n"), actor=SYSTEM)
    with pytest.raises(Refused, match="has started"):
        map_import(run, actor=SYSTEM, kind="leads", mode="good", mapping=run.mapping)
    with pytest.raises(Refused, match="has started"):
        start_import(run, actor=SYSTEM)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"a,b\n", b"PK\x03\x04xx", b'a\n"open'])
def test_what_is_no_table_leaves_nothing(content, settings):
    with pytest.raises(Invalid) as refusal:
        upload_import(actor=SYSTEM, file=BytesIO(content), file_name="x.csv")
    assert list(refusal.value.errors) == ["file"]
    assert not ImportRun.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_rep_keeps_what_they_import_and_cannot_give_it_away(rita, ron):
    actor = as_actor(rita)
    bring(f"Email,Owner\nasha@acme.in,{ron.email}\n", actor)
    lead = Lead.objects.get()
    assert (lead.owner, lead.contact.owner) == (rita, rita)


def test_a_manager_may_name_owners(people):
    bring("Email,Owner\nasha@acme.in,ron rep\n".replace("ron rep", str(people.ron)), as_actor(people.max))
    assert Lead.objects.get().owner == people.ron


def test_a_rep_does_not_change_what_others_own(people):
    contact = make_contact(email="asha@acme.in", owner=people.ron, city="")
    bring("Email,City\nasha@acme.in,Pune\n", as_actor(people.rita))
    contact.refresh_from_db()
    assert (contact.city, contact.version) == ("", 1)


@pytest.mark.parametrize(
    ("short", "kind", "allowed"),
    [
        ("rita", "leads", True),
        ("mia", "leads", True),
        ("vic", "leads", False),
        ("sam", "contacts", False),
        ("rita", "users", False),
        ("max", "users", False),
        ("ada", "users", True),
        ("rita", "deals", False),
        ("max", "deals", True),
        ("max", "items", False),
        ("ada", "items", True),
    ],
)
def test_who_may_import_what(people, short, kind, allowed):
    make_starter_set(actor=SYSTEM)
    actor = as_actor(getattr(people, short))
    if allowed:
        assert upload("Email\na@acme.in\n", actor, kind).kind == kind
    else:
        with pytest.raises(Denied):
            upload("Email\na@acme.in\n", actor, kind)
        assert not ImportRun.objects.exists()


def test_others_do_not_touch_an_upload(people):
    run = upload("Email\na@acme.in\n", as_actor(people.rita))
    with pytest.raises(Denied):
        start_import(run, actor=as_actor(people.ron))
    assert start_import(run, actor=as_actor(people.ada)).state == "queued"


def test_contacts_alone_get_no_leads():
    text = "Name,Email,Employees\nAsha Rao,asha@acme.in,12\n"
    run = upload(text, kind="contacts")
    assert run.mapping["Employees"] == "custom:employees"
    bring(text, kind="contacts")
    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name, contact.custom) == ("Asha", "Rao", {"employees": "12"})
    assert not Lead.objects.exists()


def test_worker_runs_a_requested_import(people, run_events):
    run = start_import(upload("Email\na@acme.in\n", as_actor(people.ada)), actor=as_actor(people.ada))
    run_events()
    run.refresh_from_db()
    assert (run.state, run.created_count) == ("finished", 1)


def sales(name: str) -> str:
    if not SALES.exists():
        pytest.skip("the shared sales files are not here")
    return (SALES / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_four_sales_files_in_order():
    make_starter_set(actor=SYSTEM)
    assert bring(sales("accounts.csv")).counts["created"] == 85
    assert bring(sales("sales_teams.csv")).counts["created"] == 35
    assert bring(sales("products.csv")).counts["created"] == 7
    run = bring(sales("sales_pipeline.csv"))
    assert run.counts == {"created": 8800, "updated": 0, "skipped": 0, "error": 0}
    assert Contact.objects.get(company_name="Bioholding").country == "PH"
    assert Contact.objects.get(company_name="Codehow").company.company_name == "Acme Corporation"
    states = {state: Deal.objects.filter(status=state).count() for state in ("won", "lost", "open")}
    assert states == {"won": 4238, "lost": 2473, "open": 2089}
    deal = Deal.objects.select_related("owner", "contact").get(external_ref="opportunity_id:Z063OYW0")
    assert (str(deal.owner), deal.contact.company_name, deal.value_minor) == ("Darcel Schlecht", "Isdom", 451_400)
    assert (deal.lines.get().item.name, deal.closed_on) == ("GTX Pro", date(2017, 3, 11))
    people = User.objects.filter(email__endswith="@imported.invalid")
    assert people.count() == 41
    assert not people.filter(is_active=True).exists()
    assert not any(person.has_usable_password() for person in people)
    team = Team.objects.get(name="Team Dustin Brinkmann")
    assert (team.region, team.memberships.get(is_manager=True).user.name) == ("Central", "Dustin Brinkmann")
    assert Item.objects.get(name="GTX Pro").unit_price_minor == 482_100
    assert bring(sales("sales_pipeline.csv")).counts["skipped"] == 8800


def test_deals_that_point_nowhere_are_refused_whole():
    make_starter_set(actor=SYSTEM)
    headers = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    run = bring(f"{headers}\n1,Moses Frase,GTX Basic,Cancity,Won,10/20/2016,,1054\n")
    assert run.state == "failed"
    assert message(run) == (
        "No company is called Cancity. Import or create it first. No product is called GTX Basic. Import or create it"
        " first. Nobody here is called Moses Frase. Import the people first. A won deal needs the day it was closed on."
    )
    assert not Deal.objects.exists()


@pytest.mark.slow
def test_the_real_leads_file_within_the_bar(django_assert_max_num_queries):
    if not LEADS.exists():
        pytest.skip("the shared leads file is not here")
    make_starter_set(actor=SYSTEM)
    with LEADS.open("rb") as file:
        run = upload_import(actor=SYSTEM, file=file, file_name=LEADS.name)
    assert run.mapping == guess_mapping("leads", run.headers)
    start_import(run, actor=SYSTEM)
    with django_assert_max_num_queries(800):
        assert carry_on(run, actor=SYSTEM, seconds=120)
    run.refresh_from_db()
    assert run.counts == {"created": 6508, "updated": 0, "skipped": 0, "error": 0}
    assert ScoreModel.objects.get().auc > 0.86
    for lead in Lead.objects.only("score", "score_reasons", "status", "stage").iterator():
        assert scoring.add_up(lead.score_reasons) == lead.score
    assert broken_imports() == []


def test_a_rule_that_refuses_ends_the_import_in_words_and_what_stands_can_be_undone(people, monkeypatch):
    make_starter_set(actor=SYSTEM)
    monkeypatch.setitem(imports.CHUNK, connection.vendor, 25)
    run = start_import(upload(outcome_file()), actor=SYSTEM)
    assert not carry_on(run, actor=SYSTEM, seconds=0)
    Pipeline.objects.update(is_default=False)
    assert carry_on(run, actor=SYSTEM, seconds=300)
    run.refresh_from_db()
    assert (run.state, run.operation.state) == ("failed", "done")
    assert run.message.startswith("There is no default pipeline")
    undo_operation(run.operation, actor=SYSTEM)
    assert not Contact.objects.exists()
