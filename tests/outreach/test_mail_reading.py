"""Reading raw mail: what kind it is, whom a report is about, and which words are new."""

import csv
import json
import random
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from outreach.mailparse import parse
from outreach.replytext import text_of_html, visible_text

BOUNCES = Path(__file__).resolve().parents[3] / "shared/data/bounces"
HARD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
POLICY = {
    "authfailure",
    "badreputation",
    "blocked",
    "norelaying",
    "notcompliantrfc",
    "policyviolation",
    "rejected",
    "requireptr",
    "securityerror",
    "spamdetected",
}


def mail(body: str, subject: str = "Hello", content_type: str = "text/plain; charset=utf-8", **headers: str) -> bytes:
    given = {"From": "Asha <asha@kumar.example>", "To": "sales@acme.example", "Message-ID": "<r1@kumar.example>"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items()]
    return "\n".join([*lines, f"Subject: {subject}", f"Content-Type: {content_type}", "", body]).encode()


def report(fields: str, words: str = "It did not arrive.", original: str = "Message-ID: <ours@acme.example>") -> bytes:
    return mail(
        f"--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\n{fields}\n--b\nContent-Type: message/rfc822\n\n"
        f"{original}\nSubject: Hello\n\nHi\n--b--",
        "Undelivered Mail Returned to Sender",
        'multipart/report; report-type=delivery-status; boundary="b"',
        From="MAILER-DAEMON@mx.example",
        Return_Path="<>",
    )


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", "hard"),
        ("5.1.10", "smtp; 550 5.1.10 Recipient not found", "hard"),
        ("5.2.1", "smtp; 550 5.2.1 The account is disabled", "hard"),
        ("5.2.2", "smtp; 552 5.2.2 Over quota", "soft"),
        ("4.2.2", "smtp; 452 4.2.2 Mailbox full", "soft"),
        ("4.4.1", "smtp; Connection timed out", "soft"),
        ("5.7.1", "smtp; 554 5.7.1 Service unavailable; blocked using a list", "policy"),
        ("5.7.26", "smtp; 550-5.7.26 Unauthenticated email is not accepted", "policy"),
        ("4.7.0", "smtp; 421 4.7.0 Try later", "policy"),
        ("5.2.3", "smtp; 552 5.2.3 Message too large", "content"),
        ("5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit", "content"),
        ("5.1.1", "smtp; 550 5.7.1 Your address is on our block list", "policy"),
        ("5.1.1", "smtp; 550 5.1.1 has sent to too many recipients this hour", "soft"),
        ("5.0.0", "smtp; 550 Spam message rejected because of reputation", "policy"),
        ("5.0.0", "smtp; 550 No such user here (in reply to end of DATA command)", "soft"),
        ("5.0.0", "smtp; 550 No such user here (in reply to RCPT TO command)", "hard"),
    ],
)
def test_a_failure_is_judged_by_its_status_and_then_by_its_words(status, diagnostic, expected):
    fields = "Final-Recipient: rfc822; ravi@shop.example\nAction: failed\n"
    fields += f"Status: {status}\nDiagnostic-Code: {diagnostic}\n"
    message = parse(report(fields))
    assert message.kind == "bounce"
    assert [(one.address, one.cls) for one in message.recipients] == [("ravi@shop.example", expected)]
    assert message.original_message_id == "<ours@acme.example>"
    assert message.reply_text == ""
    assert not message.answerable


def test_a_delay_is_no_bounce_and_a_success_is_no_failure():
    fields = "Final-Recipient: rfc822; ravi@shop.example\nAction: {}\nStatus: {}\n"
    delayed = parse(report(fields.format("delayed", "4.4.1")))
    assert (delayed.kind, [one.cls for one in delayed.recipients]) == ("delay", ["soft"])
    delivered = parse(report(fields.format("delivered", "2.0.0")))
    assert (delivered.kind, delivered.recipients) == ("auto_reply", ())


def test_each_recipient_of_a_report_has_its_own_class():
    fields = (
        "Final-Recipient: rfc822; a@shop.example\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; b@shop.example\nAction: failed\nStatus: 5.2.2\n"
    )
    found = [(one.address, one.cls) for one in parse(report(fields)).recipients]
    assert found == [("a@shop.example", "hard"), ("b@shop.example", "soft")]


def test_a_report_in_prose_is_read_too():
    raw = mail(
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        "<ravi@shop.example>:\n192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 No such user\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <sales@acme.example>\nTo: other@shop.example\n",
        "failure notice",
        From="MAILER-DAEMON@mx.example",
        Return_Path="<>",
    )
    message = parse(raw)
    assert message.kind == "bounce"
    assert [(one.address, one.status, one.cls) for one in message.recipients] == [
        ("ravi@shop.example", "5.1.1", "hard")
    ]


def test_a_feedback_report_is_a_complaint_unless_it_says_the_opposite():
    def feedback(kind: str) -> bytes:
        return mail(
            "--b\nContent-Type: text/plain\n\nA report\n--b\nContent-Type: message/feedback-report\n\n"
            f"Feedback-Type: {kind}\nOriginal-Rcpt-To: <ravi@shop.example>\n\n--b\nContent-Type: message/rfc822\n\n"
            "Message-ID: <ours@acme.example>\nTo: x@y.example\n\nHi\n--b--",
            "Abuse report",
            'multipart/report; report-type=feedback-report; boundary="b"',
        )

    message = parse(feedback("abuse"))
    assert message.kind == "complaint"
    assert [(one.address, one.cls) for one in message.recipients] == [("ravi@shop.example", "complaint")]
    assert message.original_message_id == "<ours@acme.example>"
    assert parse(feedback("not-spam")).kind != "complaint"


@pytest.mark.parametrize(
    ("headers", "subject", "body", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, "Re: Hello", "I am away", "out_of_office"),
        ({"Auto_Submitted": "auto-generated"}, "Your request", "Request number #12 has been received", "auto_reply"),
        ({"X_Autoreply": "yes"}, "Re: Hello", "Thanks", "auto_reply"),
        ({"Precedence": "bulk"}, "News", "Our news", "auto_reply"),
        ({"Return_Path": "<>"}, "Re: Hello", "Thanks", "auto_reply"),
        ({}, "Automatic reply: Hello", "I am back on Monday", "out_of_office"),
        ({}, "Abwesenheitsnotiz: Hallo", "Bin im Urlaub", "out_of_office"),
        ({}, "Respuesta automática: Hola", "De vacaciones", "out_of_office"),
        ({}, "Réponse automatique : Bonjour", "En congés", "out_of_office"),
        ({}, "स्वचालित उत्तर: नमस्ते", "मैं छुट्टी पर हूँ", "out_of_office"),
        ({"Auto_Submitted": "no"}, "Re: Hello", "Yes please", "reply"),
        ({}, "Re: out of office chairs", "We want twenty chairs", "reply"),
    ],
)
def test_machines_are_told_from_people(headers, subject, body, kind):
    message = parse(mail(body, subject, **headers))
    assert message.kind == kind
    assert message.answerable == (kind == "reply")


def test_lists_robots_and_our_own_mail_get_no_automatic_answer():
    for headers in (
        {"List_Id": "<x>"},
        {"X_Auto_Response_Suppress": "All"},
        {"X_CRM_Key": "1"},
        {"From": "no-reply@x.example"},
    ):
        assert not parse(mail("Hello", **headers)).answerable


QUOTED = [
    ("On Tue, 3 Nov 2026 at 10:12, Rita <rita@acme.example> wrote:", "Yes, call me."),
    ("Am Di., 3. Nov. 2026 um 10:12 Uhr schrieb Rita <rita@acme.example>:", "Ja, gerne."),
    ("El mar, 3 nov 2026 a las 10:12, Rita (<rita@acme.example>) escribió:", "Sí, me interesa."),
    ("Le mar. 3 nov. 2026 à 10:12, Rita <rita@acme.example> a écrit :", "Oui, avec plaisir."),
    ("मंगल, 3 नव॰ 2026 को 10:12 बजे Rita <rita@acme.example> ने लिखा:", "हाँ, कृपया भेजें।"),
    ("On Tue, 3 Nov 2026 at 10:12, Rita Rep from the sales team of Acme\n<rita@acme.example> wrote:", "Yes."),
]


@pytest.mark.parametrize(("head", "reply"), QUOTED)
def test_quotes_are_left_out_in_five_languages(head, reply):
    assert visible_text(f"{reply}\n\n{head}\n\n> Hello\n> there\n") == reply
    assert parse(mail(f"{reply}\n\n{head}\n> Hello\n", "Re: Hello")).reply_text == reply


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fine.\n\n-----Original Message-----\nFrom: Rita\nSent: today\n\nHello", "Fine."),
        ("Gut.\n\n-----Ursprüngliche Nachricht-----\nVon: Rita", "Gut."),
        ("Bien.\n\nDe: Rita <r@a.example>\nEnviado el: martes\nPara: Asha\nAsunto: Hola\n\nHola", "Bien."),
        ("Fine.\n________________________________\nFrom: Rita\nSent: today\nTo: Asha\n\nHello", "Fine."),
        ("Fine.\n\n-- \nAsha Kumar\nKumar Sweets", "Fine."),
        ("Fine.\n\nSent from my iPhone", "Fine."),
        ("Gut.\n\nVon meinem iPhone gesendet", "Gut."),
        ("Sent from my desk, it is easier.", "Sent from my desk, it is easier."),
        ("On Monday I can.\n\nOn Tuesday too.", "On Monday I can.\n\nOn Tuesday too."),
        ("A fix -- this is not a signature.", "A fix -- this is not a signature."),
        ("> When?\nMonday.\n> Where?\nHere.", "Monday.\n\nHere."),
        ("From: here on we agree.", "From: here on we agree."),
    ],
)
def test_signatures_and_originals_are_left_out_and_nothing_else(text, expected):
    assert visible_text(text) == expected


def test_html_replies_lose_their_quotes_and_hidden_parts():
    html = (
        "<html><head><style>p{}</style></head><body><p>Yes &amp; please<!-- a <b>comment</b> --></p>"
        '<div class="gmail_quote"><div>On Monday Rita wrote:</div><blockquote>Hello</blockquote></div></body></html>'
    )
    message = parse(mail(html, content_type="text/html; charset=utf-8"))
    assert message.reply_text == "Yes & please"
    assert "Hello" in message.text
    outlook = '<p>Fine</p><div id="divRplyFwdMsg">From: Rita</div><div>Hello</div>'
    assert text_of_html(outlook, without_quotes=True) == "Fine"


def test_a_file_without_headers_is_read_as_plain_text():
    message = parse(b"One: a point\n\nOn Mon, 2 Nov 2026, Rita <r@a.example> wrote:\n> Hello\n")
    assert (message.kind, message.reply_text) == ("reply", "One: a point")


def test_headers_are_decoded_and_kept_to_one_line():
    raw = mail("x", "=?utf-8?b?4KSo4KSu4KS44KWN4KSk4KWH?=", From="=?utf-8?q?Asha=0D=0ABcc:_x?= <asha@kumar.example>")
    message = parse(raw)
    assert message.subject == "नमस्ते"
    assert "\n" not in message.from_name
    assert message.from_address == "asha@kumar.example"


HOSTILE = {
    "nested parts": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(400)),
    "many parts": b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
    "deep html": b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div>" * 80_000,
    "open comments": b"From: a@b.example\nContent-Type: text/html\n\n" + b"<!--" * 80_000,
    "on on on": b"From: a@b.example\n\n" + b"On " * 60_000,
    "many heads": b"From: a@b.example\n\n" + b"On 1 x\n" * 20_000,
    "addresses": b"From: mailer-daemon@x\nReturn-Path: <>\nSubject: failure notice\n\n" + b"a@" * 100_000,
    "encoded": b"From: a@b.example\nSubject: " + b"=?utf-8?q?a?= " * 30_000 + b"\n\n",
    "nothing": b"",
    "zeros": bytes(1000),
    "bad charset": b"From: a@b.example\nContent-Type: text/plain; charset=no-such\n\nHi",
    "bad base64 header": b"From: a@b.example\nSubject: =?utf-8?b?A?=\n\nHi",
    "bad date": b"From: a@b.example\nDate: Mon, 99 Foo 9999999 99:99:99 +9999\n\nHi",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_in_linear_time_and_never_raises(name):
    started = time.process_time()
    parse(HOSTILE[name])
    assert time.process_time() - started < 2


def test_random_and_broken_bytes_never_raise():
    chance = random.Random(7)
    whole = report("Final-Recipient: rfc822; ravi@shop.example\nAction: failed\nStatus: 5.1.1\n")
    for _ in range(400):
        broken = bytearray(whole[: chance.randrange(len(whole))])
        for _ in range(chance.randrange(20)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        parse(bytes(broken))
        parse(chance.randbytes(chance.randrange(2000)))


def test_the_command_prints_one_line_for_each_file(tmp_path):
    first, second = tmp_path / "a.eml", tmp_path / "b.eml"
    first.write_bytes(report("Final-Recipient: rfc822; r@s.example\nAction: failed\nStatus: 5.2.3\n"))
    second.write_bytes(mail("Yes please", "Re: Hello"))
    out, err = StringIO(), StringIO()
    call_command("read_mail", str(first), str(tmp_path / "none"), str(second), stdout=out, stderr=err)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == ["bounce", "reply"]
    assert lines[0]["recipients"] == [{"address": "r@s.example", "status": "5.2.3", "class": "soft"}]
    assert lines[1] == {"file": str(second), "kind": "reply", "recipients": [], "reply_text": "Yes please"}
    assert "none" in err.getvalue()


def expected_class(row: dict[str, str]) -> str:
    """Return our class for a row of the reference: its status where our rules name it, else its reason."""
    status, reason = row["enhanced_status"], row["reason"]
    if status.startswith(("5.7.", "4.7.")):
        return "policy"
    if status in HARD and reason != "speeding":
        return "hard"
    if status == "5.2.2" or status.startswith("4."):
        return "soft"
    if row["hard_bounce"] == "true":
        return "hard"
    return "policy" if reason in POLICY else "soft"


@pytest.mark.skipif(not BOUNCES.is_dir(), reason="the real bounces (../shared/data/bounces) are not here")
def test_real_bounces_are_judged_as_the_reference_does():
    with (BOUNCES / "expected.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong, suppressed = [], []
    for row in rows:
        message = parse((BOUNCES / "eml" / row["file"]).read_bytes())
        if row["reason"] == "feedback":
            assert message.kind == "complaint", row["file"]
            assert {one.cls for one in message.recipients} == {"complaint"}
            continue
        if row["reason"] in {"vacation", "delivered", "not-a-bounce"}:
            assert message.recipients == (), row["file"]
            continue
        position, expected = int(row["recipient_no"]) - 1, expected_class(row)
        found = message.recipients[position].cls if position < len(message.recipients) else "none"
        if found != expected and not (found == "content" and expected == "soft"):
            wrong.append((row["file"], expected, found))
        if found == "hard" and expected != "hard":
            suppressed.append(row["file"])
    assert suppressed == []
    assert len(wrong) / len(rows) <= 0.02, wrong
