"""The policy's page where the configuration has the word."""

from collections.abc import Iterator

import httpx
import pytest

from weighbridge.compose.parts import Parts, open_parts
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser


@pytest.fixture
def parts(folder: DataFolder) -> Iterator[Parts]:
    given = {"attribution": {"required": ["agent"]}, "labels": {"fold": True}}
    opened = open_parts(folder, Settings.model_validate({"data": folder.root, **given}))
    yield opened
    opened.close()


async def test_what_the_configuration_gives_is_shown_and_stays(
    remote: httpx.AsyncClient, parts: Parts
) -> None:
    """Its fields are locked and say why; what a form sends for them is passed over."""
    user = parts.users.create(NewUser(name="Ada", role=Role.ADMIN))
    remote.cookies.set("weighbridge_session", parts.sessions.begin(user.id, ""))
    page = (await remote.get("/settings/policy")).text
    assert page.count("Set by the configuration; change it there.") == 2
    assert page.count(" disabled") == 2
    csrf = page.partition('name="csrf" content="')[2].partition('"')[0]
    fields = {
        "csrf_token": csrf,
        "form": "change",
        "gateway.require_token": "off",
        "labels.developer_api": "forward",
        "labels.fold": "off",
    }
    answer = await remote.post("/settings/policy", data=fields)
    assert answer.headers["location"] == "/settings/policy?done=changed"
    settings = parts.policy_settings.in_force()
    assert settings.attribution.required == ["agent"]
    assert settings.labels.fold
    assert settings.labels.developer_api == "forward"
    assert not settings.gateway.require_token
