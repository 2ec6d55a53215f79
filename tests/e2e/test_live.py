"""S7 end to end: Live sessions through a served gateway, in front of the simulator."""

import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from canaries import files_of
from family import children, kill
from live_client import CONSTRAINED, GEMINI, MUSIC, VERTEX, LiveClient, RefusedError
from processes import PATIENCE_S, Bridge, wait_until

KEY = "AIzaSyTEST-live"
_COUNTS = ("input_tokens", "output_tokens", "thinking_tokens", "total_tokens")


@pytest.fixture(scope="module")
def bridge(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Both surfaces of one gateway."""
    folder = tmp_path_factory.mktemp("live")
    with Bridge(folder, upstream, "--upstream", f"vertex={upstream}") as served:
        yield served


@pytest.fixture
def tracked(bridge: Bridge, request: pytest.FixtureRequest) -> dict[str, str]:
    """Headers of a test's own: its name is the agent."""
    made = bridge.command("token", "create", "--name", "live")
    agent = request.node.name.replace("[", ".").rstrip("]")
    return {"X-Weighbridge-Key": made["token"], "X-Agent": agent, "X-Department": "voice"}


def _rows(bridge: Bridge, tracked: dict[str, str], count: int = 1) -> list[dict[str, Any]]:
    return bridge.wait_for_rows(count, agent=tracked["X-Agent"])


def _open(bridge: Bridge, tracked: dict[str, str], target: str = GEMINI, **more: Any) -> LiveClient:
    options = {name: more.pop(name) for name in ("deflate",) if name in more}
    headers = {**tracked, **more.pop("headers", {})}

    def opened() -> LiveClient | None:
        try:
            return LiveClient(bridge.url, f"{target}?key={KEY}", headers, **options)
        except RefusedError:  # the token is not in force yet
            return None

    return wait_until(opened, PATIENCE_S, "the token is still refused")


def _sum(usages: list[dict[str, Any]]) -> tuple[int, ...]:
    names = ("promptTokenCount", "responseTokenCount", "thoughtsTokenCount", "totalTokenCount")
    told = [{"responseTokenCount": each.get("candidatesTokenCount", 0)} | each for each in usages]
    return tuple(sum(usage.get(name, 0) for usage in told) for name in names)


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("target", [GEMINI, VERTEX, f"/{GEMINI}"], ids=["gemini", "vertex", "//ws"])
def test_a_session_is_one_row_with_its_turns_summed(
    bridge: Bridge, tracked: dict[str, str], target: str, *, deflate: bool
) -> None:
    """S7: audio and text apart, each turn with all of the session as its prompt."""
    model = "models/gemini-3.8-live"
    if target == VERTEX:
        model = "projects/p-1/locations/us-central1/publishers/google/models/gemini-3.8-live"
    headers = {"x-simulator-deflate": "on"} if deflate else {}
    with _open(bridge, tracked, target, deflate=deflate, headers=headers) as session:
        assert session.deflates is deflate
        session.set_up(model)
        usages = [session.turn() for _ in range(5)]
        session.close()
    (row,) = _rows(bridge, tracked)

    assert tuple(row[name] for name in _COUNTS) == _sum(usages)
    assert row["output_audio_tokens"] == row["output_tokens"] > 0
    assert row["input_audio_tokens"] + row["input_text_tokens"] == row["input_tokens"]
    assert (row["operation"], row["model"]) == ("live", "gemini-3.8-live")
    assert (row["status"], row["outcome"], row["usage_source"]) == (101, "ok", "final")
    assert row["surface"] == ("vertex" if target == VERTEX else "gemini")
    where = ("us-central1", "p-1") if target == VERTEX else (None, None)
    assert (row["location"], row["cloud_project"]) == where
    assert row["pricing_status"] == "priced"
    assert Decimal(row["list_cost"]) == sum(Decimal(each["amount"]) for each in row["charges"]) > 0


@pytest.mark.parametrize(
    "fault", ["", "live_fragments", "live_huge_message"], ids=lambda name: name or "none"
)
@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
def test_not_a_byte_is_changed(
    bridge: Bridge, upstream: str, tracked: dict[str, str], fault: str, *, deflate: bool
) -> None:
    """Transparency: what comes through the gateway is what comes without it."""
    headers = {"x-simulator-scenario": fault} if fault else {}
    headers |= {"x-simulator-deflate": "on"} if deflate else {}
    direct = LiveClient(upstream, f"{GEMINI}?key={KEY}", headers, deflate=deflate)
    through = _open(bridge, tracked, deflate=deflate, headers=headers)
    for session in (direct, through):
        session.set_up()
        for _ in range(2):
            session.turn()
        session.close()

    assert through.received == direct.received
    assert set(through.head) - set(direct.head) == {"x-weighbridge-id"}
    (row,) = _rows(bridge, tracked)
    assert (row["usage_source"], row["pricing_status"]) == ("final", "priced")


def test_a_tool_call_is_a_generation_of_its_own(bridge: Bridge, tracked: dict[str, str]) -> None:
    """Its tokens are billed, and those of the answer that knows the function's result."""
    function = {"name": "weigh", "parameters": {"type": "OBJECT", "properties": {}}}
    with _open(bridge, tracked) as session:
        session.set_up(tools=[{"functionDeclarations": [function]}])
        session.say()
        called = session.receive()
        assert called is not None
        call = called["toolCall"]["functionCalls"][0]
        answer = {"id": call["id"], "name": "weigh", "response": {"kilograms": 12}}
        session.send({"toolResponse": {"functionResponses": [answer]}}, text=False)
        end = session.answer()[-1]
        session.close()
    (row,) = _rows(bridge, tracked)
    usages = [called["usageMetadata"], end["usageMetadata"]]

    assert tuple(row[name] for name in _COUNTS) == _sum(usages)


def test_who_interrupts_pays_for_what_was_said(bridge: Bridge, tracked: dict[str, str]) -> None:
    """An interrupted turn has a usage of its own."""
    headers = {"x-simulator-scenario": "live_held_mid_turn"}
    with _open(bridge, tracked, headers=headers) as session:
        session.set_up()
        usages = [session.turn()]
        session.say()
        session.receive()
        session.say("stop!")
        messages = session.answer() + session.answer()
        session.close()
    usages += _usages(messages)
    (row,) = _rows(bridge, tracked)

    assert {"serverContent": {"interrupted": True}} in messages
    assert len(usages) == 3
    assert tuple(row[name] for name in _COUNTS) == _sum(usages)
    assert row["usage_source"] == "final"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("live_close_mid_turn", ("upstream_error", "INTERNAL", "partial")),
        ("live_drop_mid_turn", ("ok", None, "partial")),
        ("live_bad_frame", ("ok", None, "partial")),
        ("live_go_away", ("ok", None, "final")),
        ("live_quota", ("upstream_error", "INTERNAL", "none")),
        ("live_no_usage", ("ok", None, "none")),
    ],
)
def test_however_the_upstream_ends_it_there_is_one_honest_row(
    bridge: Bridge, tracked: dict[str, str], fault: str, expected: tuple[str | None, ...]
) -> None:
    """What was reported before stands; cut in mid-turn it is a lower bound, and says so."""
    usages: list[dict[str, Any]] = []
    with _open(bridge, tracked, headers={"x-simulator-scenario": fault}) as session:
        session.send({"setup": {"model": "models/gemini-3.8-live"}})
        if session.receive() is None:
            assert session.close_code == 1011
        else:
            usages += _reported(session)
            session.say()
            if fault == "live_bad_frame":
                session.receive()
            else:
                usages += _usages(session.answer())
    (row,) = _rows(bridge, tracked)

    assert (row["outcome"], row["error_type"], row["usage_source"]) == expected
    assert (row["status"], row["model"]) == (101, "gemini-3.8-live")
    known = tuple(row[name] or 0 for name in _COUNTS)
    assert known == _sum(usages)
    assert row["pricing_status"] == ("priced" if usages else "unmetered")


def _reported(session: LiveClient) -> list[dict[str, Any]]:
    """A turn, and the usage that was told of it."""
    session.say()
    return _usages(session.answer())


def _usages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each["usageMetadata"] for each in messages if "usageMetadata" in each]


def test_a_client_that_leaves_in_mid_turn_leaves_a_lower_bound(
    bridge: Bridge, tracked: dict[str, str]
) -> None:
    """S2 in a session: one row, with the turns that were reported."""
    with _open(bridge, tracked, headers={"x-simulator-scenario": "live_held_mid_turn"}) as session:
        session.set_up()
        usages = [session.turn()]
        session.say()
        session.receive()
    (row,) = _rows(bridge, tracked)

    assert row["usage_source"] == "partial"
    assert tuple(row[name] for name in _COUNTS) == _sum(usages)


def test_music_is_seen_and_not_made_up(bridge: Bridge, tracked: dict[str, str]) -> None:
    """Lyria reports no usage and has no price that is published: `unmetered`, never 0."""
    with _open(bridge, tracked, MUSIC) as session:
        session.set_up("models/lyria-realtime-exp")
        session.send({"playbackControl": "PLAY"})
        assert "audioChunks" in (session.receive() or {})["serverContent"]
        session.close()
    (row,) = _rows(bridge, tracked)

    assert (row["operation"], row["model"]) == ("liveMusic", "lyria-realtime-exp")
    assert (row["usage_source"], row["pricing_status"]) == ("none", "unmetered")
    assert row["response_bytes"] > 10_000


@pytest.mark.parametrize("form", ["query", "header"])
def test_an_ephemeral_token_passes_and_is_kept_nowhere(
    bridge: Bridge, tracked: dict[str, str], form: str
) -> None:
    """A browser sets no header: the URL's prefix says whose session it is. P1 for all of it."""
    secret, words = f"auth_tokens/canary-{form}-5f1e", f"canary-words-{form}-77ab"
    prefix = f"/-/{tracked['X-Weighbridge-Key']};agent={tracked['X-Agent']};department=web"
    query = f"?access_token={secret}" if form == "query" else ""
    headers = {"Authorization": f"Token {secret}"} if form == "header" else {}
    _open(bridge, {**tracked, "X-Agent": "warm-up"}).close()  # the token is in force
    with LiveClient(bridge.url, f"{prefix}{CONSTRAINED}{query}", headers) as session:
        session.set_up(systemInstruction={"parts": [{"text": words}]})
        session.say(words)
        session.answer()
        session.close()
    (row,) = _rows(bridge, tracked)

    assert (row["department"], row["operation"], row["usage_source"]) == ("web", "live", "final")
    kept = files_of(bridge.folder)
    for canary in (secret, words, KEY, tracked["X-Weighbridge-Key"]):
        assert [place for place, data in kept if canary.encode() in data] == []


def test_without_a_token_there_is_no_session(bridge: Bridge) -> None:
    """A handshake is a call like any other."""
    with pytest.raises(RefusedError, match="401"):
        LiveClient(bridge.url, f"{GEMINI}?key={KEY}")


def test_a_session_under_way_can_be_seen(bridge: Bridge, tracked: dict[str, str]) -> None:
    """`GET /api/v1/in-flight` and `tail --in-flight`: turns, tokens and cost so far."""

    def seen() -> list[dict[str, Any]]:
        answer = bridge.admin.get("/api/v1/in-flight", params={"agent": tracked["X-Agent"]})
        return list(answer.json()["exchanges"])

    with _open(bridge, tracked) as session:
        session.set_up()
        (begun,) = seen()
        usages = [session.turn(), session.turn()]
        under_way = wait_until(
            lambda: [row for row in seen() if row["turns"] == 2], 5, "two turns do not show"
        )[0]
        printed = bridge.command("tail", "--in-flight", "--filter", f"agent={tracked['X-Agent']}")
        session.close()
    (row,) = _rows(bridge, tracked)

    assert (begun["model"], begun["turns"], begun["total_tokens"]) == ("gemini-3.8-live", 0, None)
    assert tuple(under_way[name] for name in _COUNTS) == _sum(usages)
    assert (under_way["department"], under_way["usage_source"]) == ("voice", "partial")
    assert Decimal(under_way["list_cost"]) == Decimal(row["list_cost"]) > 0
    assert printed["exchange_id"] == under_way["exchange_id"] == row["exchange_id"]
    wait_until(lambda: not seen(), PATIENCE_S, "it still shows")


@pytest.mark.slow
def test_kill_9_leaves_what_a_session_had_come_to(
    serve: Callable[..., Bridge], tracked: dict[str, str]
) -> None:
    """One `interrupted` row, with the turns that were over, priced: a lower bound."""
    served = serve("--upstream", "vertex=http://127.0.0.1:9")
    token = served.token("kill")["token"]
    headers = {"X-Weighbridge-Key": token, "X-Agent": "kill"}
    with LiveClient(served.url, f"{GEMINI}?key={KEY}", headers) as session:
        session.set_up()
        usages = [session.turn() for _ in range(3)]
        session.say()
        session.receive()
        for name, pid in children(served.process.pid).items():
            if name != "control":
                kill(pid)
        while session.receive() is not None:
            pass
    (row,) = served.wait_for_rows(1, agent="kill")

    assert (row["outcome"], row["usage_source"]) == ("interrupted", "partial")
    assert tuple(row[name] for name in _COUNTS) == _sum(usages)
    assert (row["model"], row["pricing_status"]) == ("gemini-3.8-live", "priced")
    assert Decimal(row["list_cost"]) > 0
    served.process.send(signal.SIGTERM)
