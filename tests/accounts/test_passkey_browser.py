"""A passkey in a real browser: registered under our content policy, then signed in with, without a password."""

import os
import shutil

import pytest

from accounts.models import User
from tests.people import PASSWORD, make_person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on the PATH")]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def tab(monkeypatch):
    sync_api = pytest.importorskip("playwright.sync_api")
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright runs a loop in this thread
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        page = context.new_page()
        device = context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        yield page
        browser.close()


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_registered_and_signs_in_without_a_password(tab, live_server):
    rita = make_person("rita", roles=("sales-rep",))
    address = live_server.url.replace("127.0.0.1", "localhost")
    broken = []
    tab.on("pageerror", lambda error: broken.append(str(error)))
    tab.goto(f"{address}/accounts/login/")
    tab.fill("[name=login]", rita.email)
    tab.fill("[name=password]", PASSWORD)
    tab.click("form button[type=submit]")
    tab.wait_for_url("**/today/")
    tab.goto(f"{address}/accounts/2fa/webauthn/add/")
    if "reauthenticate" in tab.url:
        tab.fill("[name=password]", PASSWORD)
        tab.click(".entry form button[type=submit]")
        tab.wait_for_url("**/webauthn/add/")
    tab.check("[name=passwordless]")
    tab.click("#mfa_webauthn_add")
    tab.wait_for_url("**/recovery-codes/")
    tab.context.clear_cookies()
    tab.goto(f"{address}/accounts/login/")
    tab.click("#passkey_login")
    tab.wait_for_url("**/today/")
    assert broken == []
    assert User.objects.get().authenticator_set.count() == 2
