"""Settings in a real browser: a token is made, and the call that its page shows is sent."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from browser import PHONE, Tab, signed_up
from playwright.sync_api import Browser
from processes import Bridge

BODY = {"contents": [{"parts": [{"text": "weigh me"}]}]}
PATHS = (
    "/settings/tokens",
    "/settings/policy",
    "/settings/rates",
    "/settings/people",
    "/settings/keys",
    "/settings/audit",
    "/settings/system",
)


@pytest.fixture(scope="module")
def signed_in(bridge: Bridge, browser: Browser) -> str:
    """The state of a browser in which an administrator has signed in."""
    tab = signed_up(browser, bridge, "Grace")
    state = tab.signed_in()
    tab.close()
    return state


@pytest.fixture
def tab(bridge: Bridge, browser: Browser, signed_in: str) -> Iterator[Tab]:
    opened = Tab(browser, bridge.admin_url, storage_state=json.loads(signed_in))
    yield opened
    opened.close()


def _make_token(tab: Tab, name: str) -> str:
    tab.open("/settings/tokens")
    form = tab.page.locator("#form-create")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    tab.page.get_by_label("Name").fill(name)
    tab.page.get_by_label("Default department").fill("Settings")
    tab.page.get_by_role("button", name="Make the token").click()
    return tab.page.locator(".notice").inner_text()


def test_a_token_is_made_and_a_call_made_with_it(tab: Tab, bridge: Bridge) -> None:
    """What the page shows is all that is needed: the address, the header, the token."""
    told = _make_token(tab, "made in a browser")
    secret = re.search(r"trk_[A-Za-z0-9]{32}", told)
    url = re.search(r"curl (\S+)", told)
    assert secret is not None
    assert url is not None
    assert url[1].startswith(bridge.url)
    headers = {"X-Weighbridge-Key": secret[0], "x-goog-api-key": "AIzaSyTEST", "X-Agent": "made"}
    assert httpx.post(url[1], headers=headers, json=BODY, timeout=30).status_code == 200
    (row,) = bridge.wait_for_rows(1, agent="made")
    assert row["department"] == "Settings"
    tab.page.get_by_role("link", name="made in a browser").click()
    tab.page.locator("#form-revoke summary").click()
    tab.page.get_by_role("button", name="Revoke made in a browser for good").click()
    tab.page.wait_for_url(lambda address: "done=revoked" in address)
    assert httpx.post(url[1], headers=headers, json=BODY, timeout=30).status_code == 401


def test_forms_work_without_a_script(bridge: Bridge, browser: Browser, signed_in: str) -> None:
    """All of it is the server's: folding, problems beside fields, secrets shown once."""
    plain = Tab(
        browser, bridge.admin_url, storage_state=json.loads(signed_in), java_script_enabled=False
    )
    assert "trk_" in _make_token(plain, "made without a script")
    plain.page.goto("/settings/rates")
    plain.page.locator("#form-create summary").click()
    plain.page.get_by_label("Models").fill("gemini-2.5-flahs")
    plain.page.get_by_label("Source").fill("contract")
    plain.page.get_by_role("button", name="Put in force").click()
    field = plain.page.get_by_label("Models")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "gemini-2.5-flahs"
    assert "did you mean gemini-2.5-flash?" in plain.page.locator(".entry.bad").first.inner_text()
    plain._context.close()  # the browser tells of 422 on the console, as it should


@pytest.mark.parametrize("path", PATHS)
def test_a_settings_page_fits_a_phone_and_names_its_fields(
    bridge: Bridge, browser: Browser, signed_in: str, path: str
) -> None:
    """No wider than the screen with every form open; each field has a label of its own."""
    phone = Tab(browser, bridge.admin_url, viewport=PHONE, storage_state=json.loads(signed_in))
    phone.open(path)
    for summary in phone.page.locator("details.act:not([open]) > summary").element_handles():
        summary.click()
    assert phone.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    fields = phone.page.locator("form[method=post] :is(input:not([type=hidden]), select, textarea)")
    for field in fields.element_handles():
        assert field.evaluate("one => one.labels.length > 0")
    phone.close()
