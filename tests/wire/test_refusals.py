"""Refusals: typed for Google's SDKs, with hints, booked, and never contacting the upstream."""

import json
from typing import Any

import pytest
from bench_wire import EXPIRED_TOKEN, REVOKED_TOKEN, SPARE_TOKEN, TOKEN, Wire
from messages import KEY, PATH, answer, forwarded, passed, post
from playbook import client, one_answer, upstream

from weighbridge.attribution.policy import PolicySnapshot

GOOGLE_KEY = b"AIzaSyTESTtestTESTtestTESTtestTESTtest"


def call(*headers: bytes, path: bytes = PATH) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST %b HTTP/1.1\r\nHost: gw\r\n%bContent-Length: 2\r\n\r\n{}" % (path, lines)


async def refusal(wire: Wire, request: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, headers, body = await one_answer(wire.port, request)
    assert wire.peer.connections == [], "the upstream was contacted"
    return status, headers, json.loads(body)["error"]


TOKEN_HEADER = b"X-Weighbridge-Key: " + TOKEN.encode()


@pytest.mark.parametrize(
    ("headers", "reason", "says"),
    [
        ([], "TRACKING_TOKEN_MISSING", "X-Weighbridge-Key"),
        ([b"X-Cloudidr-Token: " + TOKEN.encode()], "TRACKING_TOKEN_MISSING", "X-Cloudidr-Key"),
        ([b"X-Cloudidr-Key: trk_nobody"], "TRACKING_TOKEN_INVALID", "not known"),
        ([b"X-Cloudidr-Key: " + GOOGLE_KEY], "TRACKING_TOKEN_INVALID", "swapped"),
        ([b"X-Weighbridge-Key: hello"], "TRACKING_TOKEN_INVALID", "trk_"),
        ([b"X-Weighbridge-Key: " + REVOKED_TOKEN.encode()], "TRACKING_TOKEN_INVALID", "revoked"),
        ([b"X-Weighbridge-Key: " + EXPIRED_TOKEN.encode()], "TRACKING_TOKEN_INVALID", "expired"),
        (
            [TOKEN_HEADER, b"X-Cloudidr-Key: " + SPARE_TOKEN.encode()],
            "TRACKING_TOKEN_INVALID",
            "two different",
        ),
        (
            [TOKEN_HEADER, b"x-goog-api-key: trk_oops"],
            "PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN",
            "Google API key belongs",
        ),
        (
            [TOKEN_HEADER, b"Authorization: Bearer trk_oops"],
            "PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN",
            "Google API key belongs",
        ),
        (
            [b"X-Weighbridge-Key: " + GOOGLE_KEY, b"x-goog-api-key: " + TOKEN.encode()],
            "TRACKING_TOKEN_INVALID",
            "swapped",
        ),
    ],
)
async def test_token_refusals(wire: Wire, headers: list[bytes], reason: str, says: str) -> None:
    """A wrong token is 401 UNAUTHENTICATED with a hint, in Google's shape, and has its row."""
    status, answered, error = await refusal(wire, call(*headers))
    assert (status, error["code"], error["status"]) == (401, 401, "UNAUTHENTICATED")
    assert answered["x-weighbridge-error"] == reason
    (detail,) = error["details"]
    assert (detail["reason"], detail["domain"]) == (reason, "weighbridge")
    assert detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert says in error["message"]
    assert TOKEN not in error["message"]
    row = await wire.row()
    assert row.exchange_id == answered["x-weighbridge-id"]
    assert (row.outcome, row.status, row.error_type) == ("refused", 401, reason)
    assert (row.pricing_status, row.list_cost) == ("free", "0.000000000000")
    assert wire.marks.open == {}


async def test_tracking_token_as_key_parameter(wire: Wire) -> None:
    """A tracking token in `?key=` is told from a Google key."""
    _, headers, _ = await refusal(wire, call(TOKEN_HEADER, path=PATH + b"?key=trk_oops"))
    assert headers["x-weighbridge-error"] == "PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN"


@pytest.mark.parametrize("path", [b"/", b"/metrics", b"/api/v1/query", b"/-/x", b"/-/", b"/v"])
async def test_unknown_route(wire: Wire, path: bytes) -> None:
    """A path of no provider is 404 ROUTE_UNKNOWN (or a bad prefix), and never forwarded."""
    status, headers, error = await refusal(wire, call(TOKEN_HEADER, path=path))
    assert (status, error["status"]) == (404, "NOT_FOUND")
    assert headers["x-weighbridge-error"] == "ROUTE_UNKNOWN"
    row = await wire.row()
    assert (row.outcome, row.token_id) == ("refused", "tok_main")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (b"Team=a", "'Team'"),
        (b"team", "'='"),
        (b"team=A", "'A'"),
        (b"1a=b", "begin"),
        (b"a=1,a=2", "twice"),
        (b"%E0%A4%B9%E0%A4%BF=a", "U+093F"),
        (b"a=" + b"x" * 64, "64"),
        (b",".join(b"k%d=v" % number for number in range(65)), "64 labels"),
    ],
)
async def test_invalid_labels(wire: Wire, labels: bytes, says: str) -> None:
    """A label that breaks a rule is 400 LABELS_INVALID, naming key and rule."""
    request = call(TOKEN_HEADER, b"X-Weighbridge-Labels: " + labels)
    status, headers, error = await refusal(wire, request)
    assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
    assert headers["x-weighbridge-error"] == "LABELS_INVALID"
    assert says in error["message"]


async def test_required_and_allowed_attribution(make_wire: Any) -> None:
    """Policy asks for a dimension, and for one of its values."""
    wire = await make_wire(
        policy={"required": ["department"], "allowed": {"department": ["ops", "sales"]}}
    )
    _, headers, error = await refusal(wire, call(TOKEN_HEADER))
    assert headers["x-weighbridge-error"] == "ATTRIBUTION_REQUIRED"
    assert "X-Department" in error["message"]
    _, headers, error = await refusal(wire, call(TOKEN_HEADER, b"X-Department: hr"))
    assert headers["x-weighbridge-error"] == "ATTRIBUTION_NOT_ALLOWED"
    assert "ops, sales" in error["message"]


async def test_location_that_is_none(wire: Wire) -> None:
    """P3: a Vertex location that could name another host is refused."""
    path = b"/v1/projects/p/locations/evil.example%2F/publishers/google/models/m:generateContent"
    status, headers, _ = await refusal(wire, call(TOKEN_HEADER, path=path))
    assert (status, headers["x-weighbridge-error"]) == (400, "LOCATION_INVALID")


async def test_refused_connection_goes_on(wire: Wire) -> None:
    """After a refusal the connection serves the next call."""
    me, up = client(), upstream()
    status, headers, body = await one_answer(wire.port, call())
    refused = (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json; charset=UTF-8\r\n"
        b"Content-Length: %d\r\nX-Weighbridge-Error: TRACKING_TOKEN_MISSING\r\n"
        b"X-Weighbridge-Id: {id}\r\n\r\n%b" % (len(body), body)
    )
    assert status == 401
    assert headers["x-weighbridge-error"] == "TRACKING_TOKEN_MISSING"
    await wire.play(
        me >> call() + post(), me << refused, up << forwarded(), up >> answer(), me << passed()
    )


async def test_refused_upload_is_not_read_to_its_end(wire: Wire) -> None:
    """A large body that is refused is answered at once and the connection closed."""
    me = client()
    _, _, body = await one_answer(wire.port, call())
    await wire.play(
        me >> b"POST %b HTTP/1.1\r\nHost: gw\r\nContent-Length: 9999999\r\n\r\nbegin" % PATH,
        me << b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json; charset=UTF-8\r\n"
        b"Content-Length: %d\r\nX-Weighbridge-Error: TRACKING_TOKEN_MISSING\r\n"
        b"X-Weighbridge-Id: {id}\r\nConnection: close\r\n\r\n%b" % (len(body), body),
        me.gone,
    )


async def test_overloaded(make_wire: Any) -> None:
    """The gateway's own bound answers 429, never 503."""
    wire = await make_wire(max_concurrent_exchanges=1)
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    status, headers, body = await one_answer(wire.port, call(TOKEN_HEADER))
    assert (status, headers["x-weighbridge-error"]) == (429, "OVERLOADED")
    assert headers["retry-after"] == "1"
    assert json.loads(body)["error"]["status"] == "RESOURCE_EXHAUSTED"
    await wire.play(up >> answer(), me << passed())


async def test_journal_failure_refuses_or_forwards(make_wire: Any) -> None:
    """D1: with its journal failing, the gateway does what it was told to."""
    wire = await make_wire(on_journal_failure="refuse")
    wire.journal.healthy = False
    wire.worker._gate.look_around()  # as the ticker does, four times a second
    _, headers, error = await refusal(wire, call(TOKEN_HEADER))
    assert headers["x-weighbridge-error"] == "OVERLOADED"
    assert "journal" in error["message"]
    wire = await make_wire(on_journal_failure="forward")
    wire.journal.healthy = False
    wire.worker._gate.look_around()  # as the ticker does, four times a second
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), up >> answer(), me << passed())


async def test_policy_change_is_in_force_at_once(wire: Wire) -> None:
    """A token that is revoked no longer passes, though it was remembered."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), up >> answer(), me << passed())
    wire.worker.apply_policy(PolicySnapshot(version=2))
    status, headers, _ = await one_answer(wire.port, call(TOKEN_HEADER))
    assert (status, headers["x-weighbridge-error"]) == (401, "TRACKING_TOKEN_INVALID")


async def test_token_may_be_optional(make_wire: Any) -> None:
    """Without `require_token` a call needs none; a wrong one is still refused (P5)."""
    wire = await make_wire(policy={"require_token": False})
    me, up = client(), upstream()
    await wire.play(me >> call(b"X-Agent: a"), up << forwarded(), up >> answer(), me << passed())
    status, _, _ = await one_answer(wire.port, call(b"X-Weighbridge-Key: trk_wrong"))
    assert status == 401
    row, refused = await wire.rows(2)
    assert (row.token_id, row.agent, refused.outcome) == (None, "a", "refused")


async def test_defaults_of_the_token_and_precedence(wire: Wire) -> None:
    """A header beats the prefix, which beats the token's default; labels likewise."""
    me, up = client(), upstream()
    prefix = b"/-/%b;department=from-prefix;project=from-prefix;label.tier=silver"
    await wire.play(
        me
        >> call(
            b"X-Department: from-header",
            b"X-Weighbridge-Labels: env=prod",
            path=prefix % SPARE_TOKEN.encode() + PATH,
        ),
        up << forwarded(),
        up >> answer(),
        me << passed(),
    )
    row = await wire.row()
    assert (row.department, row.project, row.agent) == ("from-header", "from-prefix", "summarizer")
    assert row.labels == {"env": "prod", "tier": "silver"}


@pytest.mark.parametrize("status", [200, 503])
async def test_health(wire: Wire, status: int) -> None:
    """healthz is alive even while draining; readyz says whether calls are served."""
    if status == 503:
        wire.worker._gate.draining = True
    request = b"GET /-/%b HTTP/1.1\r\nHost: gw\r\n\r\n"
    assert (await one_answer(wire.port, request % b"healthz"))[0] == 200
    assert (await one_answer(wire.port, request % b"readyz"))[0] == status
    wire.worker._gate.draining = False


def test_key_header_is_the_one_under_test() -> None:
    """The calls of these tests carry the token that the policy knows."""
    assert TOKEN.encode() in KEY
