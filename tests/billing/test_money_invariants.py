"""The invariants of money hold after a sale, and each of them sees what it is for."""

import pytest
from django.db import connection
from django.test import Client

from billing.models import Checkout, Counter, Payment, Proposal
from core.registry import INVARIANTS
from tests.billing.selling import SECRET, accepted, on_stripe, post_event, stripe_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sold(rita, settings, run_events) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    post_event(Client(), stripe_event(on_stripe(accepted(rita))))
    run_events()


def broken() -> set[str]:
    keys = ("I4", "I4a", "I4b", "I4c", "I5", "I7a")
    return {key for key in keys if INVARIANTS[key].check()}


def test_all_hold_after_a_sale():
    assert broken() == set()


def test_a_page_that_lost_its_payment_is_seen():
    Payment.objects.update(checkout=None)
    assert "I4" in broken()


def test_a_gap_in_the_numbers_is_seen():
    Counter.objects.filter(series__startswith="invoice").update(last=2)
    assert broken() == {"I5"}


def test_words_changed_after_the_signature_are_seen():
    Proposal.objects.update(title="Something else")
    assert broken() == {"I4c"}


def test_the_database_itself_refuses_a_second_live_page_and_a_total_that_does_not_add_up():
    from django.db import IntegrityError, transaction

    table = Checkout._meta.db_table
    for statement in (
        f"UPDATE {Proposal._meta.db_table} SET total_minor = total_minor + 1",
        f"UPDATE {Payment._meta.db_table} SET refunded_minor = amount_minor + 1",
        f"INSERT INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
