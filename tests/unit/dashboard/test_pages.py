"""Every page of the list: its forms, who may open it, what it never does."""

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role
from weighbridge.core.exchange import Exchange
from weighbridge.core.user import NewUser
from weighbridge.dashboard.site import PAGES

PATHS = [page.path for page in PAGES if "{" not in page.path]
FOR_VIEWERS = [page.path for page in PAGES if "{" not in page.path and page.role is Role.VIEWER]
ONE = "/exchanges/01920000-0000-7000-8000-000000000001"


class _Tags(HTMLParser):
    """Tags with their attributes, and the order of opening and closing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag == name)


@pytest.mark.parametrize("path", [*PATHS, "/", ONE])
async def test_a_page_has_all_its_forms(
    local: httpx.AsyncClient, rows: list[Exchange], path: str
) -> None:
    """HTML that no cache keeps, JSON and CSV of the same address."""
    page = await local.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert "unsafe" not in page.headers["content-security-policy"]
    base = "/overview" if path == "/" else path
    document = (await local.get(f"{base}.json")).json()
    assert document["title"] in page.text
    table = await local.get(f"{base}.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert all(len(row) > 1 for row in csv.reader(io.StringIO(table.text)))


@pytest.mark.parametrize("path", [*PATHS, ONE])
async def test_nothing_stands_inline_or_elsewhere(
    local: httpx.AsyncClient, rows: list[Exchange], path: str
) -> None:
    """What the policy forbids is not tried: inline scripts, styles, handlers, other origins."""
    page = _Tags((await local.get(path)).text)
    for tag, attributes in page.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action"):
            assert not re.match(r"(https?:)?//", attributes.get(name) or "/x")
    assert all(script["src"] for script in page.all("script"))


@pytest.mark.parametrize("path", PATHS)
async def test_every_link_of_a_page_leads_somewhere(
    local: httpx.AsyncClient, rows: list[Exchange], path: str
) -> None:
    """No link of ours asks for what a page refuses."""
    page = _Tags((await local.get(path)).text)
    links = {link["href"] or "" for link in page.all("a")}
    for href in sorted(links - {"#main", "/sign-out"}):
        assert (await local.get(href)).status_code == 200, href


@pytest.mark.parametrize("path", [*PATHS, ONE])
async def test_names_are_text_wherever_they_stand(
    local: httpx.AsyncClient, rows: list[Exchange], path: str
) -> None:
    """An agent that is called like a tag is no tag."""
    text = (await local.get(path, params={"agent": "<b>&bold"})).text
    assert "<b>" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
async def test_a_page_asks_who_is_there(
    remote: httpx.AsyncClient, parts: Parts, rows: list[Exchange], page: Any
) -> None:
    """Strangers are sent away in every form, whoever has less than the role is refused."""
    path = page.path.replace("{name}", rows[0].exchange_id)
    refused = [role for role in Role if not role.includes(page.role)]
    for form in ("", ".json", ".csv", "/chart/time.json"):
        assert (await remote.get(path + form)).status_code == 401
        for role in refused:
            key = parts.keys.create("k", role)[1]
            answer = await remote.get(path + form, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 403, role
    key = parts.keys.create("k", page.role)[1]
    answer = await remote.get(path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code not in (401, 403)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
async def test_the_navigation_marks_where_a_page_belongs(
    local: httpx.AsyncClient, page: Any
) -> None:
    """Itself, or the page that it is under; also where the address names nothing that is there."""
    text = (await local.get(page.path.replace("{name}", "none"))).text
    marked = [
        link for link in _Tags(text).all("a") if "data-key" in link and "aria-current" in link
    ]
    expected = (page.path, "page") if page.group else (page.under, "true")
    assert [(link["href"], link["aria-current"]) for link in marked] == [expected]


async def test_a_browser_is_sent_to_sign_in(remote: httpx.AsyncClient) -> None:
    """And comes back to the same address."""
    answer = await remote.get("/agents?range=7d", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fagents%3Frange%3D7d"


@pytest.mark.parametrize("path", FOR_VIEWERS)
async def test_who_is_bound_sees_nothing_of_others(
    remote: httpx.AsyncClient, parts: Parts, rows: list[Exchange], path: str
) -> None:
    """Neither names nor figures, whatever the address asks for."""
    bound = NewUser(name="Ben", role=Role.VIEWER, scope={"department": ("care",)})
    session = parts.sessions.begin(parts.users.create(bound).id, "")
    remote.cookies.set("weighbridge_session", session)
    for query in ("", "?department=labs", "?agent=scout"):
        document = (await remote.get(f"{path}.json{query}")).json()
        told = str([document["tiles"], document["tables"], document["completeness"]])
        assert "scout" not in told
        assert "labs" not in told
    hidden = await remote.get(f"/exchanges/{rows[4].exchange_id}.json")
    assert hidden.status_code == 404


def test_no_key_goes_to_two_pages() -> None:
    """A letter after `g` has one meaning."""
    keys = [page.key for page in PAGES if page.key]
    assert len(set(keys)) == len(keys)


async def test_a_mistyped_address_says_so(local: httpx.AsyncClient) -> None:
    """All that is wrong at once, as a page or as a problem document."""
    page = await local.get("/agents?agnet=x&range=8d")
    assert page.status_code == 422
    assert "did you mean" in page.text
    problems = (await local.get("/agents.json?agnet=x&range=8d")).json()["problems"]
    assert [problem["where"] for problem in problems] == ["agnet", "range"]


async def test_an_empty_ledger_shows_the_way(local: httpx.AsyncClient) -> None:
    """The command that sends a first call, with the address of this gateway."""
    text = (await local.get("/")).text
    assert "Make a token and fill it in" in text
    assert "Spend today" not in text
    assert "http://127.0.0.1:8080/v1beta/models/" in text


async def test_charts_come_as_specifications_and_pictures(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """With the data of the page's range, in the theme that was asked for, or not at all."""
    spec = (await local.get("/overview/chart/time.json?theme=dark")).json()
    assert spec["width"] == "container"
    assert "labs" in str(spec)
    assert "http" not in str(spec).replace(spec["$schema"], "")
    picture = await local.get("/overview/chart/time.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert (await local.get("/overview/chart/none.json")).status_code == 404


async def test_the_same_figures_in_every_form(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """CSV and JSON have the exact values of what the page shows, and they add up."""
    document = (await local.get("/departments.json")).json()
    table = document["tables"]["groups"]
    costs = {row["department"]: row["cost"] for row in table["rows"]}
    assert costs == {
        "labs": "4.000000000000",
        "(none)": "2.000000000000",
        "care": "1.750000300000",
    }
    assert table["totals"]["cost"] == "7.750000300000"
    assert document["completeness"]["unpriced"] == 1
    sheet = csv.DictReader(io.StringIO((await local.get("/departments.csv")).text))
    assert {row["department"]: row["cost"] for row in sheet} == costs
