"""Who may do what, and how a failed check is answered."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from weighbridge.admin.auth import FAILURES_PER_MINUTE, LOCAL, Failures
from weighbridge.admin.problems import MEDIA_TYPE
from weighbridge.core.credential import Role


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wbk_testtesttesttesttesttesttesttest",
        "Bearer AIzaSyTESTTEST",
        "Bearer trk_testtest",
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "nonsense",
    ],
)
async def test_what_is_no_key_opens_nothing_and_is_not_repeated(
    remote: httpx.AsyncClient, header: str
) -> None:
    """P5, P1: a failed check is a refusal, and the answer does not quote what was sent."""
    answer = await remote.get("/api/v1/tokens", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "UNAUTHENTICATED"
    assert header.rpartition(" ")[2] not in answer.text or header in ("Bearer", "nonsense")


async def test_no_header_makes_a_caller_local(remote: httpx.AsyncClient) -> None:
    """Only the server that owns the Unix socket can say so."""
    for name in (LOCAL, "weighbridge-local", "x-forwarded-for", "x-real-ip"):
        answer = await remote.get("/api/v1/tokens", headers={name: "127.0.0.1"})
        assert answer.status_code == 401


async def test_the_operator_needs_no_key(local: httpx.AsyncClient) -> None:
    """Who can open the Unix socket owns the data anyway."""
    assert (await local.get("/api/v1/keys")).status_code == 200


async def test_a_revoked_key_stops_working_at_once(
    remote: httpx.AsyncClient, local: httpx.AsyncClient
) -> None:
    """No cache stands between revocation and refusal."""
    made = (await local.post("/api/v1/keys", json={"name": "k", "role": "viewer"})).json()
    header = {"Authorization": f"Bearer {made['key']}"}
    assert (await remote.get("/api/v1/tokens", headers=header)).status_code == 200
    await local.delete(f"/api/v1/keys/{made['id']}")
    assert (await remote.get("/api/v1/tokens", headers=header)).status_code == 401


async def test_guessing_is_slowed_but_shuts_nobody_out(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]]
) -> None:
    """P7: failures beyond a bound are 429; a right key from the same place still works."""
    wrong = {"Authorization": "Bearer wbk_wrong"}
    for _ in range(FAILURES_PER_MINUTE):
        assert (await remote.get("/api/v1/tokens", headers=wrong)).status_code == 401
    answer = await remote.get("/api/v1/tokens", headers=wrong)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    right = bearer[Role.VIEWER]
    assert (await remote.get("/api/v1/tokens", headers=right)).status_code == 200


def test_failures_are_counted_per_caller_and_minute() -> None:
    """A new minute forgives; memory is bounded."""
    now = [0.0]
    failures = Failures(lambda: now[0])
    assert [failures.add("a"), failures.add("a"), failures.add("b")] == [1, 2, 1]
    now[0] = 60.0
    assert failures.add("a") == 1
    for caller in range(5000):
        failures.add(str(caller))
    assert len(failures._counts) <= 1024


async def test_files_are_imported_by_the_operator_alone(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]], tmp_path: Path
) -> None:
    """No key, however mighty, makes the gateway read a file of its machine."""
    file = tmp_path / "x.ndjson"
    file.write_text("")
    answer = await remote.post(
        "/api/v1/imports", json={"file": str(file)}, headers=bearer[Role.ADMIN]
    )
    assert answer.status_code == 403
