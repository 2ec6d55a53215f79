"""The reader's own page: who they are, and another password."""

from collections.abc import Callable

import httpx
from page_forms import send

from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role

PAGE = "/settings/account"
PASSWORD = "five wet lorries"
OTHER = " nine dry pontoons "


async def test_a_reader_changes_their_password(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """Blanks at its ends are a part of it, as where people sign in; nothing typed is shown."""
    client = as_role(Role.VIEWER)
    page = (await client.get(PAGE)).text
    assert 'name="form"' not in page  # there is no password yet
    assert "the viewer" in page
    (viewer,) = parts.users.all()
    parts.links.accept(parts.links.make(viewer.id)[1], PASSWORD)
    client.cookies.set("weighbridge_session", parts.sessions.begin(viewer.id, ""))
    form = {"form": "password", "current": PASSWORD}
    unlike = await send(client, PAGE, **form, password=OTHER, again="x")
    assert unlike.status_code == 422
    wrong = {**form, "current": "guessed it, maybe"}
    guessed = await send(client, PAGE, **wrong, password="short", again="short")
    assert guessed.text.count('aria-invalid="true"') == 2
    assert "guessed" not in guessed.text
    done = await send(client, PAGE, **form, password=OTHER, again=OTHER)
    assert done.headers["location"] == f"{PAGE}?done=password"
    assert "is changed" in (await client.get(done.headers["location"])).text
    assert parts.users.check("the viewer", OTHER) is not None


async def test_a_program_has_a_page_too(local: httpx.AsyncClient) -> None:
    """Whoever reads by a key or on the machine itself has nothing to change."""
    facts = (await local.get(f"{PAGE}.json")).json()["facts"]
    assert facts["Comes as"] == "the operator, on this machine"
