"""The dashboard in a real browser, over a served gateway with calls in its ledger."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from browser import PHONE, Tab, signed_up
from playwright.sync_api import Browser
from processes import Bridge
from receiver import webhook

_CALL = "/v1beta/models/gemini-2.5-flash:generateContent"
_BODY = {"contents": [{"parts": [{"text": "weigh me"}]}]}


@pytest.fixture(scope="module")
def call(bridge: Bridge) -> Callable[[str], None]:
    """Sends one call of an agent."""
    token = bridge.token("dashboard", "--department", "Research", "--project", "apollo")["token"]
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTEST"}

    def send(agent: str) -> None:
        httpx.post(
            bridge.url + _CALL, headers={**headers, "X-Agent": agent}, json=_BODY, timeout=30
        ).raise_for_status()

    return send


@pytest.fixture(scope="module")
def signed_in(bridge: Bridge, browser: Browser, call: Callable[[str], None]) -> str:
    """The state of a browser in which an administrator has signed in, once there are calls."""
    for agent in ("scout", "scout", "digger"):
        call(agent)
    bridge.wait_for_rows(3, department="Research", operation="generateContent")
    tab = signed_up(browser, bridge, "Ada")
    state = tab.signed_in()
    tab.close()
    return state


@pytest.fixture
def tab(bridge: Bridge, browser: Browser, signed_in: str) -> Iterator[Tab]:
    opened = Tab(browser, bridge.admin_url, storage_state=json.loads(signed_in))
    yield opened
    opened.close()


def test_nobody_sees_a_page_without_signing_in(bridge: Bridge, browser: Browser) -> None:
    """A browser is sent to sign in, and its address goes along."""
    stranger = Tab(browser, bridge.admin_url)
    stranger.page.goto("/agents?range=7d")
    assert "/sign-in?next=%2Fagents%3Frange%3D7d" in stranger.page.url
    stranger.close()


def test_the_overview_draws_what_was_spent(tab: Tab) -> None:
    """Figures, a chart that has ink, and rows that lead further down."""
    tab.open("/")
    assert tab.page.get_by_role("heading", name="Overview").is_visible()
    assert tab.ink(".chart canvas") > 500
    tab.page.get_by_role("link", name="Research", exact=True).first.click()
    tab.page.wait_for_url(lambda url: "department=Research" in url)
    tab.page.get_by_role("link", name="apollo").first.wait_for()


def test_percentiles_follow_the_sums(tab: Tab) -> None:
    """What waits is filled in by itself, in tiles and tables, and nothing waits any more."""
    tab.open("/agents?range=24h")
    assert "…" not in tab.page.locator(".tiles").inner_text()
    assert "…" not in tab.page.locator("tfoot").inner_text()


def test_a_call_shows_without_reloading(tab: Tab, call: Callable[[str], None]) -> None:
    """The live page follows, and keeps what has the focus."""
    tab.open("/exchanges?range=24h")
    tab.page.get_by_role("link", name="Overview").focus()
    call("late-comer")
    tab.page.locator("td", has_text="late-comer").wait_for()
    assert tab.page.evaluate("document.activeElement.textContent") == "Overview"


def test_a_phone_shows_everything_in_its_width(
    bridge: Bridge, browser: Browser, signed_in: str
) -> None:
    """No page is wider than a phone; tables scroll in their own frames."""
    phone = Tab(browser, bridge.admin_url, viewport=PHONE, storage_state=json.loads(signed_in))
    for path in ("/", "/series", "/agents", "/exchanges"):
        phone.open(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    phone.page.get_by_text("Pages", exact=True).click()
    phone.page.get_by_role("link", name="Overview").click()
    phone.page.wait_for_url(lambda url: "/overview" in url)
    phone.close()


def test_a_brush_becomes_the_range(tab: Tab) -> None:
    """What is dragged over on a chart is in the address, and the way back is one choice."""
    tab.open("/series?range=24h&by=agent")
    canvas = tab.page.locator(".chart canvas")
    box = canvas.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    tab.page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.95, middle, steps=6)
    tab.page.mouse.up()
    tab.page.wait_for_url(lambda url: "since=" in url and "until=" in url and "by=agent" in url)
    tab.wait_for_charts()
    assert tab.ink(".chart canvas") > 500
    tab.page.locator("select[name=range]").select_option("7d")
    tab.page.wait_for_url(lambda url: "range=7d" in url and "since=" not in url)


def test_keys_lead_everywhere(tab: Tab) -> None:
    """`g a` goes to the agents, `/` to their search, arrows down their rows."""
    tab.open("/")
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("a")
    tab.page.wait_for_url(lambda url: "/agents" in url)
    tab.wait_for_charts()
    tab.page.keyboard.press("/")
    assert tab.page.evaluate("document.activeElement.type") == "search"
    tab.page.keyboard.press("Escape")
    tab.page.locator("tbody a").first.focus()
    tab.page.keyboard.press("ArrowDown")
    rows = tab.page.locator("tbody tr")
    assert rows.nth(1).locator("a").first.evaluate("link => link === document.activeElement")


def test_pages_read_without_scripts(bridge: Bridge, browser: Browser, signed_in: str) -> None:
    """Charts are pictures then, forms have their button, and nothing offers what cannot be."""
    plain = Tab(
        browser,
        bridge.admin_url,
        java_script_enabled=False,
        storage_state=json.loads(signed_in),
    )
    plain.page.goto("/agents?range=24h")
    picture = plain.page.locator("noscript img, figure img").first
    picture.wait_for()
    assert plain.page.get_by_role("button", name="Apply").is_visible()
    assert not plain.page.get_by_role("button", name="Live").is_visible()
    plain.close()


def test_an_address_means_the_same_to_everybody(tab: Tab) -> None:
    """State lives in the query string: what a form changes is in the address."""
    tab.open("/agents")
    tab.page.locator("select[name=range]").select_option("7d")
    tab.page.wait_for_url(lambda url: "range=7d" in url)
    tab.page.locator("input[type=search]").fill("digger")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(lambda url: "search=digger" in url and "range=7d" in url)
    tab.page.get_by_role("link", name="digger").wait_for()
    assert not tab.page.get_by_role("link", name="scout").is_visible()


def test_a_channel_is_added_and_tested_in_the_browser(tab: Tab) -> None:
    """What is wrong stands beside its field; what is right goes through to the service."""
    with webhook() as hook:
        tab.open("/alerts")
        page = tab.page
        if page.locator("#form-channel[open]").count() == 0:  # there are channels already
            page.locator("#form-channel summary").click()
        page.get_by_label("Name").fill("Team hook")
        page.get_by_label("URL").fill("nothing://x")
        page.get_by_label("Quiet hours").fill("22:00-07:00 Europe/Berlin")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("apprise knows no such service").wait_for()
        tab.problems.clear()  # the browser logs an answer of 422
        page.get_by_label("URL").fill(hook.url)
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("heading", name="Team hook").wait_for()
        page.get_by_text("22:00-07:00 Europe/Berlin").first.wait_for()
        page.get_by_role("button", name="Send a message now").click()
        assert "Team hook" in hook.next()["message"]
        page.locator("td", has_text="Team hook: sent").first.wait_for()
        assert "s3cr3t" not in page.content()
