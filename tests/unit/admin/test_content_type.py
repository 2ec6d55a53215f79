"""A body is JSON for whoever shows a key, whatever its content type says."""

from collections.abc import Mapping

import httpx
import pytest

from weighbridge.core.credential import Role

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("told", [_FORM, {}], ids=["as curl says", "not at all"])
async def test_a_key_makes_it_json(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]], told: dict[str, str]
) -> None:
    """`curl -d '{…}'` announces a form and means JSON."""
    headers = {**bearer[Role.VIEWER], **told}
    answer = await remote.post("/api/v1/query", content=b"{}", headers=headers)
    assert answer.status_code == 200, answer.text


async def test_other_types_stay_refused(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]]
) -> None:
    """Text is no JSON, key or not."""
    headers = {**bearer[Role.VIEWER], "Content-Type": "text/plain"}
    answer = await remote.post("/api/v1/query", content=b"{}", headers=headers)
    assert answer.status_code == 422


async def test_the_socket_needs_no_key(local: httpx.AsyncClient) -> None:
    """Only this machine's operator can open it."""
    answer = await local.post("/api/v1/query", content=b"{}", headers=_FORM)
    assert answer.status_code == 200, answer.text
