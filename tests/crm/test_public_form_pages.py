"""The public form: strangers become leads, machines do not."""

from django.core.cache import cache
from django.test import Client

from crm.models import Consent, Contact, Lead, PublicForm
from tests.factories.crm import make_contact, make_lead, make_public_form

MEERA = {"first_name": "Meera", "email": "meera@sharma.example", "business_name": "Sharma Dental"}


def address(form: PublicForm) -> str:
    return f"/f/{form.slug}/"


def test_a_stranger_becomes_a_lead_and_reads_what_happens_next(client, db):
    form = make_public_form(thank_you="We call within the hour.")
    answer = client.post(f"{address(form)}?utm_source=ad", MEERA)
    assert answer.status_code == 303
    lead = Lead.objects.get()
    assert lead.source == "web"
    assert lead.utm == {"utm_source": "ad"}
    assert "We call within the hour." in client.get(answer["Location"]).content.decode()


def test_another_site_may_post_without_a_token_and_show_the_form_in_a_frame(db):
    form = make_public_form()
    client = Client(enforce_csrf_checks=True)
    page = client.get(f"{address(form)}?embed=1")
    assert "frame-ancestors *" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    answer = client.post(f"{address(form)}?embed=1", MEERA)
    assert answer.status_code == 303
    assert answer["Location"].endswith("&embed=1")


def test_somebody_known_is_joined_not_refused(client, db):
    known = make_contact(email="meera@sharma.example")
    make_lead(contact=known)
    assert client.post(address(make_public_form()), MEERA).status_code == 303
    assert Contact.objects.count() == 1
    assert Lead.objects.count() == 1


def test_consent_is_recorded_only_when_ticked(client, db):
    form = make_public_form()
    client.post(address(form), MEERA)
    assert Consent.objects.count() == 0
    client.post(address(form), {**MEERA, "email": "new@sharma.example", "consent": "on"})
    assert Consent.objects.get().proof == form.consent_text


def test_the_trap_takes_the_machine_and_says_thank_you(client, db):
    answer = client.post(address(make_public_form()), {**MEERA, "website": "https://spam.example"})
    assert answer.status_code == 303
    assert Lead.objects.count() == 0


def test_without_a_way_to_answer_the_form_comes_back_as_typed(client, db):
    answer = client.post(address(make_public_form()), {"first_name": "Meera", "phone": "12"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Meera"' in page
    assert 'role="alert"' in page
    assert Lead.objects.count() == 0


def test_a_closed_or_unknown_form_is_not_found(client, db):
    closed = make_public_form(is_active=False)
    assert client.get(address(closed)).status_code == 404
    assert client.post(address(closed), MEERA).status_code == 404
    assert client.get("/f/nothing-here/").status_code == 404


def test_the_eleventh_post_of_a_minute_waits(client, db):
    cache.clear()
    form = make_public_form()
    codes = [client.post(address(form), {"first_name": "Meera"}).status_code for _ in range(11)]
    assert codes[:10] == [422] * 10
    assert codes[10] == 429
    cache.clear()
