"""Every page of the list in a real browser, over a company's ledger: seen, read, used by keys.

Pages come from `site.PAGES`; those that only links lead to are found by the links of the others.
Then one way through them: down to a call, along a link, out as a file, and in by a call of one's
own.
"""

import csv
import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from accessibility import CHECKS, expected_stops, faults, stops, unfold
from browser import PHONE, Tab, signed_up
from company import settle
from playwright.sync_api import Browser, expect
from processes import Bridge

from weighbridge.dashboard.site import PAGES, Page
from weighbridge.reports.result import for_people

DATA = ":is(tbody tr, .tile, .facts dd, .entry)"
BODY = {"contents": [{"parts": [{"text": "weigh me"}]}]}
STOPS = 16
PAPER = {"width": 718, "height": 1040}  # A4 less its margins, in CSS pixels
ROWS = "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
WIDER = """() => [...document.querySelectorAll(".scroll")]
  .filter((frame) => frame.scrollWidth > frame.clientWidth)
  .map((frame) => frame.getAttribute("aria-labelledby"))"""
# What a page has to be asked before it has anything to show.
ASKED = {"/what-if": "?models=gemini-2.5-flash"}
_HREF = re.compile(r'href="(/[^"]*)"')


@pytest.fixture(scope="module")
def company(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A gateway of this module's own, with the company in its ledger."""
    with Bridge(tmp_path_factory.mktemp("company"), upstream) as served:
        settle(served)
        yield served


@pytest.fixture(scope="module")
def signed_in(company: Bridge, browser: Browser) -> str:
    """The state of a browser in which an administrator has signed in."""
    tab = signed_up(browser, company, "Ada")
    state = tab.signed_in()
    tab.close()
    return state


@pytest.fixture(scope="module")
def addresses(company: Bridge) -> dict[str, str]:
    """Where each page of the list is, by its path there."""
    known = {page.path: page.path for page in PAGES if page.group}
    links: list[str] = []
    for path in known:
        links += map(html.unescape, _HREF.findall(company.admin.get(path).text))
    for page in PAGES:
        if not page.group:
            form = re.compile(re.sub(r"\\{name\\}", r"[^/?.]+", re.escape(page.path)) + r"(\?.*)?")
            known[page.path] = next((link for link in links if form.fullmatch(link)), "")
    return known


@pytest.fixture(scope="module")
def wide(company: Bridge, browser: Browser, signed_in: str) -> Iterator[Tab]:
    """The tab in which one page after the other is looked at, so that Vega is loaded once."""
    opened = Tab(browser, company.admin_url, storage_state=json.loads(signed_in))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def phone(company: Bridge, browser: Browser, signed_in: str) -> Iterator[Tab]:
    """The same on a phone, in the dark."""
    options = {"viewport": PHONE, "color_scheme": "dark", "storage_state": json.loads(signed_in)}
    opened = Tab(browser, company.admin_url, **options)
    yield opened
    opened.close()


@pytest.fixture
def tab(company: Bridge, browser: Browser, signed_in: str) -> Iterator[Tab]:
    opened = Tab(browser, company.admin_url, storage_state=json.loads(signed_in))
    yield opened
    opened.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_can_be_read_by_everybody(
    wide: Tab, phone: Tab, addresses: dict[str, str], page: Page
) -> None:
    """Status, data, ink in charts, names, order, contrast, focus and width, wide and narrow."""
    address = addresses[page.path] + ASKED.get(page.path, "")
    assert address, f"no page leads to {page.path}"
    assert wide.open(address) == 200
    found = _looked_at(wide, "light") + _misplaced(wide, page)
    found += [f"by keys: {one}" for one in _unreached(wide)]
    wide.page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in faults(wide.page, "contrast")]
    wide.page.emulate_media(color_scheme="light")
    assert phone.open(address) == 200
    found += _looked_at(phone, "phone")
    found += wide.problems + phone.problems
    wide.problems.clear()
    phone.problems.clear()
    assert not found, "\n".join(found)


def _looked_at(tab: Tab, how: str) -> list[str]:
    assert tab.page.locator("[data-first]").count() == 0
    assert tab.page.locator(f"main {DATA}").count() > 0
    for number in range(tab.page.locator("[data-chart]").count()):
        assert tab.ink(f"[data-chart] canvas >> nth={number}") > 100, f"chart {number} is empty"
    found = [f"{how}: {one}" for one in faults(tab.page)]
    found += [f"{how}: a table is wider than its card: {one}" for one in tab.page.evaluate(WIDER)]
    unfold(tab.page)
    found += [f"{how}, unfolded: too wide: {one}" for one in tab.page.evaluate(WIDER)]
    return found + [f"{how}, unfolded: {one}" for one in faults(tab.page)]


def _misplaced(tab: Tab, page: Page) -> list[str]:
    """Where the navigation marks another page than the one that leads back up."""
    up = tab.page.locator(".parents a").first
    if page.group or not up.count():
        return []
    here = tab.page.locator(".side nav [aria-current]").first
    paths = [urlsplit(link.get_attribute("href") or "").path for link in (here, up)]
    return [] if paths[0] == paths[1] else [f"the navigation marks {paths[0]}, up is {paths[1]}"]


def _unreached(tab: Tab) -> list[str]:
    """Controls that the first presses of Tab should come to, and do not, in their order."""
    expected, reached = expected_stops(tab.page)[:STOPS], stops(tab.page, STOPS)
    pairs = zip_longest(expected, reached[: len(expected)], fillvalue="nothing")
    return [f"{to!r} instead of {due!r}" for due, to in pairs if due != to]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_in_can_be_used_by_everybody(
    company: Bridge, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    """The pages before signing in have nowhere else to lead; all else holds for them as well."""
    user = company.command("user", "create", "--name", f"Guest, {scheme}", "--role", "viewer")
    checks = [name for name in CHECKS if name != "landmarks"]
    stranger = Tab(browser, company.admin_url, viewport=PHONE, color_scheme=scheme)
    for path in ("/sign-in", urlsplit(user["one_time"]["link"]).path):
        stranger.page.goto(path)
        assert stranger.page.locator("form").count() == 1
        assert faults(stranger.page, *checks) == []
    stranger.close()


def test_the_first_key_skips_the_navigation(tab: Tab) -> None:
    """Whoever goes by keys need not go through all pages first."""
    tab.open("/overview")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("() => document.activeElement.textContent") == "Skip to content"
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(lambda url: url.endswith("#main"))
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("() => document.activeElement.closest('main') !== null")


def test_from_a_department_down_to_one_call(tab: Tab) -> None:
    """Department, project, agent, exchange: each step narrows the address by one name."""
    tab.open("/departments?range=30d")
    for name, path in (("research", "/projects"), ("papers", "/agents"), ("", "/agents/one")):
        rows = tab.page.locator("[data-live=t-groups] tbody a")
        (rows.filter(has_text=name) if name else rows).first.click()
        tab.page.wait_for_url(lambda url, path=path: urlsplit(url).path == path)
    held = parse_qs(urlsplit(tab.page.url).query)
    assert (held["department"], held["project"]) == (["research"], ["papers"])
    agent = tab.page.locator("h1").inner_text()
    assert held["agent"] == [agent]
    tab.page.locator("[data-live=t-costliest] tbody a").first.click()
    tab.page.wait_for_url(lambda url: "/exchanges/" in url)
    assert tab.page.locator("main").get_by_text(agent).first.is_visible()
    assert tab.page.get_by_text("research").first.is_visible()


def test_an_address_shows_the_same_in_another_browser(
    tab: Tab, company: Bridge, browser: Browser, signed_in: str
) -> None:
    """Range, zone and grouping are in it, and whoever follows it reads the same rows."""
    tab.open("/series?department=research")
    tab.page.locator("select[name=range]").select_option("7d")
    tab.page.wait_for_url(lambda url: "range=7d" in url)
    tab.page.locator("input[name=zone]").fill("Pacific/Kiritimati")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(lambda url: "zone=Pacific" in url)
    tab.page.get_by_role("navigation", name="Split by").get_by_role("link", name="Model").click()
    tab.page.wait_for_url(lambda url: "by=model" in url)
    held = parse_qs(urlsplit(tab.page.url).query)
    assert held == {
        "range": ["7d"],
        "zone": ["Pacific/Kiritimati"],
        "by": ["model"],
        "department": ["research"],
    }
    tab.settle()
    seen = tab.page.locator("tbody tr").evaluate_all(ROWS)
    assert seen
    other = Tab(browser, company.admin_url, storage_state=json.loads(signed_in))
    other.open(tab.page.url)
    assert other.page.locator("tbody tr").evaluate_all(ROWS) == seen
    other.close()


def test_a_file_holds_what_the_screen_shows(tab: Tab, tmp_path: Path) -> None:
    """The same rows in the same order; its exact figures, rounded, are those that are read."""
    tab.open("/agents?range=30d&sort=-exchanges")
    seen = tab.page.locator("[data-live=t-groups] tbody tr").evaluate_all(ROWS)
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="as CSV").click()
    file = tmp_path / "agents.csv"
    download.value.save_as(file)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = list(rows[0])
    figures = (("cost", "USD", Decimal), ("exchanges", "exchanges", int))
    for name, unit, kind in (*figures, ("tokens", "tokens", int)):
        shown = [cells[names.index(name)] for cells in seen]
        read = [for_people(kind(row[name]), unit) for row in rows]
        if name == "cost":
            read = [_marked(text, row) for text, row in zip(read, rows, strict=True)]
        assert read == shown
    shown = ["(none)" if cells[0] == "Unallocated" else cells[0] for cells in seen]
    assert [row["agent"] for row in rows] == shown


def _marked(cost: str, row: dict[str, str]) -> str:
    """A cost as it is read where calls without a price are not in it."""
    if int(row["unpriced"]) + int(row["incomplete"]) == 0:
        return cost
    return f"{cost} +?" if Decimal(row["cost"]) else "no price"


def test_a_call_with_a_new_token_arrives_where_somebody_looks(tab: Tab, company: Bridge) -> None:
    """A token from the settings, the command that is shown with it, a row without reloading."""
    tab.open("/settings/tokens")
    if tab.page.locator("#form-create").get_attribute("open") is None:
        tab.page.locator("#form-create summary").click()
    tab.page.get_by_label("Name").fill("journey")
    tab.page.get_by_label("Default department").fill("travellers")
    tab.page.get_by_role("button", name="Make the token").click()
    told = tab.page.locator(".notice").inner_text()
    secret = re.search(r"trk_[A-Za-z0-9]{32}", told)
    url = re.search(r"curl (\S+)", told)
    assert secret is not None
    assert url is not None
    assert url[1].startswith(company.url)
    tab.open("/exchanges?department=travellers&range=24h")
    tab.page.evaluate("() => { window.stayed = true; }")
    headers = {"X-Weighbridge-Key": secret[0], "x-goog-api-key": "AIzaSyTEST", "X-Agent": "walker"}
    assert httpx.post(url[1], headers=headers, json=BODY, timeout=30).status_code == 200
    tab.page.locator("td, tbody th", has_text="walker").first.wait_for()
    assert tab.page.evaluate("() => window.stayed") is True


def test_a_phone_shows_more_of_each_row_where_it_is_asked_to(phone: Tab) -> None:
    """By keys as well; a live refresh leaves it so, and paper has every figure anyway."""
    phone.open("/agents?range=30d")
    table = phone.page.locator("[data-live=t-groups]")
    cost, tokens = (table.locator(f"tbody [data-of='{name}']").first for name in ("Cost", "Tokens"))
    expect(cost).to_be_visible()
    expect(tokens).to_be_hidden()
    phone.page.emulate_media(media="print")
    expect(tokens).to_be_visible()
    phone.page.emulate_media(media="screen")
    table.get_by_label("All figures").press("Space")
    expect(tokens).to_be_visible()
    table.evaluate("region => { region.dataset.old = ''; }")
    for _ in ("off", "on"):
        phone.page.get_by_role("button", name="Live").click()
    expect(phone.page.locator("[data-live=t-groups]:not([data-old])")).to_be_visible()
    expect(tokens).to_be_visible()


@pytest.mark.parametrize("path", ["/agents", "/exchanges", "/prices"])
def test_a_page_fits_on_paper(company: Bridge, browser: Browser, signed_in: str, path: str) -> None:
    """A4 has room for every column, says which range it is of, and has no buttons."""
    storage = json.loads(signed_in)
    paper = Tab(browser, company.admin_url, viewport=PAPER, storage_state=storage)
    paper.open(path)
    paper.page.emulate_media(media="print")
    assert paper.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert paper.page.evaluate(WIDER) == []
    assert not paper.page.get_by_role("button").first.is_visible()
    if path != "/prices":
        assert paper.page.get_by_text("Last 30 days, UTC").is_visible()
    paper.close()
