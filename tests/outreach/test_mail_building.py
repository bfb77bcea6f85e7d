"""Composing mail: deterministic, threaded, and closed to injected headers."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from outreach.mailbuild import BadMail, compose, message_id, read_token, signed_address
from outreach.signing import sign, verify_inbound_signature
from outreach.values import Attachment, OutboundMail

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def mail(**values) -> OutboundMail:
    plain = {
        "key": "message:42",
        "from_address": "sales@acme.example",
        "from_name": "Rita Rep",
        "to_address": "asha@kumar.example",
        "to_name": "Asha",
        "subject": "Kumar Sweets",
        "text": "Hello Asha,\n\nsee https://acme.example/p/1.\n\nRita",
        "date": AT,
    }
    return OutboundMail(**{**plain, **values})


def read(content: bytes):
    return message_from_bytes(content, policy=policy.default)


def test_the_same_row_gives_the_same_bytes_and_another_row_another_id():
    first, again = compose(mail()), compose(mail())
    assert first == again
    assert first.message_id == message_id("message:42") != message_id("message:43")
    assert re.fullmatch(r"<[\w.-]+@[\w.-]+>", first.message_id)


def test_a_message_has_each_header_once_and_both_bodies():
    parsed = read(compose(mail()).content)
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        assert len(parsed.get_all(name)) == 1, name
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    html = parsed.get_body(("html",)).get_content()
    assert '<a href="https://acme.example/p/1">' in html
    assert not parsed.defects


def test_an_answer_names_what_it_answers_and_the_whole_thread():
    parsed = read(compose(mail(subject="Re: Hello", in_reply_to="<b@x>", references=("<a@x>",))).content)
    assert parsed["In-Reply-To"] == "<b@x>"
    assert parsed["References"] == "<a@x> <b@x>"
    assert parsed["Subject"] == "Re: Hello"


def test_a_first_message_does_not_pretend_to_be_an_answer():
    assert read(compose(mail(subject="Re: Fwd: Offer")).content)["Subject"] == "Offer"


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "Hello\r\nBcc: all@x.example"},
        {"subject": "Hello\nX: y"},
        {"from_name": "Rita\r\nBcc: x@y.example"},
        {"to_name": "Asha\nX: y"},
        {"to_address": "asha@kumar.example\r\nBcc: x@y.example"},
        {"to_address": "a@x.example, b@x.example"},
        {"to_address": "asha"},
        {"subject": "  "},
        {"text": "\n"},
        {"headers": (("Bcc", "x@y.example"),)},
        {"headers": (("X-CRM-Key", "a\nb"),)},
        {"list_unsubscribe_url": "http://acme.example/u"},
        {"reply_to": "x y@z.example"},
    ],
)
def test_injected_headers_and_bad_addresses_are_refused(values):
    with pytest.raises(BadMail):
        compose(mail(**values))


def test_no_line_is_longer_than_998_and_every_line_ends_with_crlf():
    long = mail(
        text="word " * 3000 + "x" * 5000,
        subject="नमस्ते " * 60,
        from_name="é" * 200,
        references=tuple(f"<{'r' * 100}{n}@x.example>" for n in range(30)),
        attachments=(Attachment("दस्तावेज़.pdf", "application/pdf", b"%PDF" * 5000),),
    )
    content = compose(long).content
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.isascii()
    assert read(content)["Subject"] == ("नमस्ते " * 60).strip()


def test_attachments_keep_their_name_and_lose_their_path():
    parsed = read(compose(mail(attachments=(Attachment("../../etc/offer\r\n.pdf", "text/x; y", b"abc"),))).content)
    (file,) = parsed.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "offer.pdf",
        "application/octet-stream",
        b"abc",
    )


def test_automated_and_list_mail_says_so():
    parsed = read(
        compose(
            mail(
                automated="auto-generated",
                list_unsubscribe_url="https://acme.example/u/t",
                list_unsubscribe_mailto="u@acme.example",
            )
        ).content
    )
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["List-Unsubscribe"] == "<https://acme.example/u/t>, <mailto:u@acme.example>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_international_addresses_use_ascii_domains_and_smtputf8_only_when_needed():
    composed = compose(mail(to_address="asha@कुमार.भारत"))
    assert composed.recipient.startswith("asha@xn--")
    assert not composed.smtputf8
    assert compose(mail(to_address="आशा@kumar.example", to_name="")).smtputf8


def test_a_signed_address_gives_its_key_back_and_a_forged_one_nothing():
    address = signed_address("sales@acme.example", "message:42")
    assert read_token(address) == read_token(address.upper()) == "message:42"
    assert len(address.split("@")[0]) <= 64
    assert len(signed_address(f"{'s' * 64}@acme.example", "message:123456789012").split("@")[0]) <= 64
    assert read_token(address.replace("message42", "message43")) == ""
    assert read_token("sales@acme.example") == read_token("") == ""


def test_posted_mail_needs_a_fresh_signature_of_our_secret():
    headers = sign("secret", b"mail", AT)
    assert verify_inbound_signature("secret", headers, b"mail", AT)
    assert not verify_inbound_signature("secret", headers, b"other", AT)
    assert not verify_inbound_signature("other", headers, b"mail", AT)
    assert not verify_inbound_signature("", sign("", b"mail", AT), b"mail", AT)
    assert not verify_inbound_signature("secret", headers, b"mail", AT.replace(minute=36))
    assert not verify_inbound_signature("secret", {}, b"mail", AT)


def test_an_encoded_word_in_a_name_or_subject_hides_no_header():
    hidden = "=?utf-8?q?Eve=0D=0ABcc:_v@x.example=0D=0A=0D=0A<html>?="
    file = Attachment(f"{hidden}.pdf", "application/pdf", b"%PDF")
    made = compose(mail(subject=hidden, to_name=hidden, from_name=hidden, attachments=(file,)))
    parsed = message_from_bytes(made.content)
    assert parsed["Bcc"] is None
    assert b"\r\nBcc:" not in made.content
    assert parsed.get_content_type() == "multipart/mixed"


@pytest.mark.parametrize(
    "name", ["eve@evil.example, Group: bob " * 4, 'a "b" \\ (c) [d]; ' * 6, "Ünï, e@x.example: " * 5]
)
def test_a_long_name_adds_no_receiver(name):
    parsed = read(compose(mail(to_name=name, from_name=name)).content)
    assert [one.addr_spec for one in parsed["To"].addresses] == ["asha@kumar.example"]
    assert [one.addr_spec for one in parsed["From"].addresses] == ["sales@acme.example"]
