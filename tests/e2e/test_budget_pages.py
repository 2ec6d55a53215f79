"""Budgets in a real browser: made, raised and removed by an editor's hand."""

from collections.abc import Iterator

import httpx
import pytest
from browser import PHONE, Tab, signed_up
from playwright.sync_api import Browser
from processes import Bridge

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
BODY = {"contents": [{"parts": [{"text": "weigh me"}]}]}


@pytest.fixture
def tab(bridge: Bridge, browser: Browser) -> Iterator[Tab]:
    opened = signed_up(browser, bridge, "Eve", "editor")
    yield opened
    opened.close()


def test_an_editor_runs_a_budget_by_hand(bridge: Bridge, tab: Tab) -> None:
    """What is made there binds calls at once; a raise carries the editor's name."""
    token = bridge.token("budget-pages", "--department", "budget-pages")["token"]
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTpages"}
    page = tab.page
    tab.open("/budgets")
    if page.locator("#form-create[open]").count() == 0:
        page.locator("summary", has_text="New budget").click()
    page.locator("[name=name]").fill("By hand")
    page.get_by_label("US dollars a window").fill("0.000000000001")
    page.get_by_label("Counts only").fill("department=budget-pages")
    page.get_by_label("Tells at percent").fill("80, most")
    page.get_by_role("button", name="Make the budget").click()
    page.get_by_text("got [80, 'most']").wait_for()
    tab.problems.clear()  # the browser logs an answer of 422
    assert page.locator("[name=name]").input_value() == "By hand"
    page.get_by_label("Tells at percent").fill("80")
    page.get_by_role("button", name="Make the budget").click()
    page.wait_for_url("**/budgets/bud_*")
    tab.wait_for_charts()
    assert page.get_by_role("heading", name="By hand").is_visible()
    refused = httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30)
    assert refused.headers["x-weighbridge-error"] == "BUDGET_EXHAUSTED"
    page.locator("summary", has_text="Give more room").click()
    page.get_by_label("US dollars above the limit").fill("5")
    page.get_by_label("Until").fill("2h")
    page.get_by_role("button", name="Raise", exact=True).click()
    page.get_by_role("cell", name="Eve").wait_for()
    tab.wait_for_charts()
    passed = httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30)
    assert passed.status_code == 200
    assert tab.ink(".chart canvas") > 300
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#form-remove summary").click()
    page.get_by_role("button", name="Remove By hand").click()
    page.wait_for_url("**/budgets?done=removed")
    assert page.get_by_role("link", name="By hand").count() == 0
