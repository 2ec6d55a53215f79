"""Signing in by pages alone: the first administrator, links, sessions, CSRF, guessing."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from weighbridge.admin.attempts import PER_ADDRESS, PER_NAME, WINDOW_S, Attempts
from weighbridge.admin.auth import FAILURES_PER_MINUTE
from weighbridge.admin.cookies import SESSION_COOKIE
from weighbridge.admin.signin.pages import safe_path
from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

PASSWORD = "five wet lorries"
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')
HTML = {"Accept": "text/html"}


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that keeps its cookies."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://remote") as client:
        yield client


async def submit(browser: httpx.AsyncClient, path: str, /, **fields: str) -> httpx.Response:
    """Fill a page's form in, as a person would."""
    shown = await browser.get(path)
    found = TOKEN.search(shown.text)
    token = {"csrf_token": found[1]} if found else {}
    return await browser.post(path.partition("?")[0], data=token | fields)


async def set_up(parts: Parts, browser: httpx.AsyncClient) -> None:
    """The first administrator, signed in."""
    made = parts.links.make_first()
    assert made is not None
    path = f"/welcome/{made[1]}"
    answer = await submit(browser, path, name="Ada", password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def me(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.get("/api/v1/me")


async def test_the_first_link_makes_an_administrator(
    parts: Parts, browser: httpx.AsyncClient
) -> None:
    """Looking at the page does not use it up; setting the password does, and signs in."""
    assert (await me(browser)).status_code == 401
    await set_up(parts, browser)
    known = (await me(browser)).json()
    assert (known["name"], known["role"], known["kind"]) == ("Ada", "admin", "user")
    assert parts.links.make_first() is None
    (ada,) = parts.users.all()
    assert ada.has_password


async def test_a_link_works_once(parts: Parts, browser: httpx.AsyncClient) -> None:
    """A used link, an older one, and one that never was look the same."""
    await set_up(parts, browser)
    (ada,) = parts.users.all()
    older = parts.links.make(ada.id)[1]
    newer = parts.links.make(ada.id)[1]
    for secret in (older, "wbl_never"):
        answer = await browser.get(f"/welcome/{secret}")
        assert answer.status_code == 404
        assert "used already or has run out" in answer.text
    other = "nine dry pontoons"
    answer = await submit(browser, f"/welcome/{newer}", password=other, again=other)
    assert answer.status_code == 303
    assert (await browser.get(f"/welcome/{newer}")).status_code == 404
    assert parts.users.check("ada", other) is not None
    assert parts.users.check("ada", PASSWORD) is None


async def test_a_new_password_ends_all_sessions(parts: Parts, browser: httpx.AsyncClient) -> None:
    """Whoever had got hold of one is out."""
    await set_up(parts, browser)
    stolen = browser.cookies[SESSION_COOKIE]
    (ada,) = parts.users.all()
    parts.links.accept(parts.links.make(ada.id)[1], "nine dry pontoons")
    assert parts.sessions.find(stolen) is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "Ada", "password": "short", "again": "short"}, "12 to 256 characters"),
        ({"name": "Ada", "password": PASSWORD, "again": PASSWORD + "s"}, "must be the same"),
        ({"name": " ", "password": PASSWORD, "again": PASSWORD}, "printable characters"),
        ({"csrf_token": "0" * 64, "name": "Ada"}, "too old"),
    ],
)
async def test_what_is_wrong_is_said_and_can_be_mended(
    parts: Parts, browser: httpx.AsyncClient, fields: dict[str, str], says: str
) -> None:
    """The link stays good, and no password is shown again."""
    made = parts.links.make_first()
    assert made is not None
    answer = await submit(browser, f"/welcome/{made[1]}", **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert PASSWORD not in answer.text
    assert parts.links.find(made[1]) is not None


async def test_signing_in_and_out(parts: Parts, browser: httpx.AsyncClient) -> None:
    """A session goes where the person wanted, and ends for good; each sign-in makes a new one."""
    await set_up(parts, browser)
    first = browser.cookies[SESSION_COOKIE]
    answer = await submit(
        browser,
        "/sign-in?next=/agents%3Fby%3Dmodel",
        name="ADA",
        password=PASSWORD,
        next="/agents?by=model",
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/agents?by=model")
    second = browser.cookies[SESSION_COOKIE]
    assert first != second
    assert parts.sessions.find(first) is None
    answer = await submit(browser, "/sign-out")
    assert answer.status_code == 303
    assert SESSION_COOKIE not in browser.cookies
    assert parts.sessions.find(second) is None
    actions = [entry.action for entry in parts.audit.page(limit=10)]
    assert actions == [
        *("session.end", "session.begin", "session.begin", "user.password"),
        *("setup_link.use", "user.create"),
    ]


async def test_the_cookie_is_out_of_scripts_reach(
    parts: Parts, browser: httpx.AsyncClient, app: FastAPI
) -> None:
    """HttpOnly, SameSite, and Secure where people come by TLS."""
    await set_up(parts, browser)
    for url, origin in ((None, "http://remote"), ("https://remote", "https://remote")):
        object.__setattr__(app.state.services, "public_url", url)
        answer = await submit(browser, f"{origin}/sign-in", name="ada", password=PASSWORD)
        (cookie,) = [
            each for each in answer.headers.get_list("set-cookie") if SESSION_COOKIE in each
        ]
        assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.lower().split("; "))
        assert ("; Secure" in cookie) == (url is not None)


async def test_failures_look_alike(parts: Parts, browser: httpx.AsyncClient) -> None:
    """An unknown name, a wrong password and a disabled person have one answer."""
    await set_up(parts, browser)
    parts.users.create(NewUser(name="new"))
    gone = parts.users.create(NewUser(name="gone"))
    parts.links.accept(parts.links.make(gone.id)[1], PASSWORD)
    parts.users.update(gone.id, {"disabled": True})
    pages = set()
    for name in ("nobody", "Ada", "new", "gone"):
        right = PASSWORD if name == "gone" else "not the password"
        answer = await submit(browser, "/sign-in", name=name, password=right)
        assert answer.status_code == 401
        pages.add(TOKEN.sub("", answer.text).replace(f'value="{name}"', ""))
    assert len(pages) == 1


@pytest.mark.parametrize("spelled", ["Ada", " ada  ", "\uff21DA"])
async def test_guessing_is_stopped_before_the_password_is_looked_at(
    parts: Parts, browser: httpx.AsyncClient, app: FastAPI, spelled: str
) -> None:
    """Also the right password is refused then, however the name is spelled; it says how long."""
    await set_up(parts, browser)
    for _ in range(PER_NAME):
        app.state.attempts.begin("ada", "elsewhere")
    answer = await submit(browser, "/sign-in", name=spelled, password=PASSWORD)
    assert answer.status_code == 429
    assert "five minutes" in answer.text


def test_attempts_are_counted_per_name_and_per_address() -> None:
    """A right one gives back what it took; another window begins afresh."""
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    assert [attempts.begin("ada", str(n)) for n in range(PER_NAME + 1)][-2:] == [True, False]
    assert [attempts.begin(str(n), "a") for n in range(PER_ADDRESS + 1)][-2:] == [True, False]
    attempts.forgive("ada", "a")
    assert attempts.begin("ada", "b")
    assert not attempts.begin("x", "a")
    now[0] += WINDOW_S
    assert attempts.begin("y", "a")


async def test_a_cookie_changes_nothing_without_its_token(
    parts: Parts, browser: httpx.AsyncClient
) -> None:
    """A page of another site can make a browser send the cookie, but not the header."""
    await set_up(parts, browser)
    wish = {"name": "t"}
    for headers in ({}, {"X-CSRF-Token": "0" * 64}):
        answer = await browser.post("/api/v1/tokens", json=wish, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "CSRF_TOKEN_INVALID")
    token = (await me(browser)).json()["csrf_token"]
    headers = {"X-CSRF-Token": token}
    assert (await browser.post("/api/v1/tokens", json=wish, headers=headers)).status_code == 201
    assert parts.audit.page(limit=1)[0].actor_name == "Ada"
    assert (await browser.post("/sign-out", data={})).status_code == 200
    assert (await me(browser)).status_code == 200


async def test_a_wrong_key_is_not_saved_by_a_cookie(
    parts: Parts, browser: httpx.AsyncClient
) -> None:
    """Who shows a key means the key."""
    await set_up(parts, browser)
    answer = await browser.get("/api/v1/me", headers={"Authorization": "Bearer wbk_none"})
    assert answer.status_code == 401


async def test_pages_need_no_script_and_no_other_site(browser: httpx.AsyncClient) -> None:
    """The policy forbids both, and the pages hold neither inline."""
    for path in ("/sign-in", "/sign-out", "/welcome/wbl_none"):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", answer.text)
    assert (await browser.get("/sign-in/style.css")).headers["content-type"].startswith("text/css")


async def test_what_is_typed_is_escaped(browser: httpx.AsyncClient) -> None:
    """A name is shown again, as text."""
    answer = await submit(browser, "/sign-in", name='"><script>x</script>', password="p")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    ("wanted", "safe"),
    [
        ("/agents?by=model", "/agents?by=model"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_a_sign_in_leads_to_a_page_of_ours(wanted: str, safe: str) -> None:
    """No link can make the sign-in page send people elsewhere."""
    assert safe_path(wanted) == safe


async def test_a_bound_person_sees_their_own(
    parts: Parts, browser: httpx.AsyncClient, rows: list[object]
) -> None:
    """Figures, rows, one row, tokens and alerts: what is outside is not there."""
    bound = parts.users.create(NewUser(name="vi", scope={"department": ("care",)}))
    parts.links.accept(parts.links.make(bound.id)[1], PASSWORD)
    await submit(browser, "/sign-in", name="vi", password=PASSWORD)
    known = (await me(browser)).json()
    assert known["scope"] == {"department": ["care"]}
    listed = (await browser.get("/api/v1/exchanges")).json()["exchanges"]
    assert [row["department"] for row in listed] == ["care", "care"]
    none = await browser.get("/api/v1/exchanges", params={"department": "(none)"})
    assert none.json()["exchanges"] == []
    headers = {"X-CSRF-Token": known["csrf_token"]}
    question = {"group_by": ["department"], "filters": {"department": ["(none)", "care"]}}
    answer = (await browser.post("/api/v1/query", json=question, headers=headers)).json()
    assert answer["totals"]["exchanges"] == len(rows) - 1
    assert [row["department"] for row in answer["rows"]] == ["care"]
    ids = [row.exchange_id for row in rows]  # type: ignore[attr-defined]
    shown = [(await browser.get(f"/api/v1/exchanges/{each}")).status_code for each in ids]
    assert shown == [200, 200, 404]
    assert (await browser.get("/api/v1/users")).status_code == 403


async def test_a_browser_without_a_session_is_sent_to_sign_in(
    browser: httpx.AsyncClient, app: FastAPI
) -> None:
    """Pages lead there and back; programs get their problem document."""
    from weighbridge.admin.auth import Viewer  # noqa: PLC0415 - a page of the test's own

    async def shown(caller: Viewer) -> str:
        return caller.name

    app.add_api_route("/agents", shown, methods=["GET"])
    answer = await browser.get("/agents?by=model", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fagents%3Fby%3Dmodel"
    assert (await browser.get("/agents")).status_code == 401
    assert (await browser.get("/api/v1/me", headers=HTML)).status_code == 401


async def test_an_old_page_that_goes_on_asking_is_told_to_sign_in(
    browser: httpx.AsyncClient,
) -> None:
    """However often: behind it may be an office full of people."""
    browser.cookies.set(SESSION_COOKIE, "wbs_ended")
    for _ in range(FAILURES_PER_MINUTE + 1):
        assert (await me(browser)).status_code == 401


async def test_a_role_that_changes_is_in_force_at_once(
    parts: Parts, browser: httpx.AsyncClient
) -> None:
    """The session stays, what it may do does not."""
    await set_up(parts, browser)
    (ada,) = parts.users.all()
    assert (await browser.get("/api/v1/keys")).status_code == 200
    parts.users.update(ada.id, {"role": Role.VIEWER})
    assert (await browser.get("/api/v1/keys")).status_code == 403
    parts.users.update(ada.id, {"disabled": True})
    assert (await me(browser)).status_code == 401
