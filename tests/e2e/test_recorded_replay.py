"""Every recorded exchange, replayed through a running gateway, compared byte by byte and count
by count.

The upstream plays the recorded answer in several framings: the gateway must forward what it
gets, and read the same usage from all of them. The reference for the ledger's rows is in
`recorded` and shares no code with the readers.
"""

import asyncio
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from ledger_pages import rows_by_id
from processes import Bridge
from raw_exchange import RawAnswer, exchange
from recorded import (
    content_type,
    documents_of,
    expected_columns,
    expected_words,
    name_of,
    recorded_exchanges,
)
from scripted_upstream import ScriptedUpstream, Seen, Step, chunked

FRAMINGS = ("sized", "odd chunks", "gzip in odd chunks", "sized deflate", "until close")
EXCHANGES = recorded_exchanges()
TIMES = 2  # a head that came before takes another way through the gateway than a new one
AT_ONCE = 12
# They belong to one connection, or are ours by the contract (B7: "the only changes").
_OF_A_CONNECTION = {b"connection", b"keep-alive", b"transfer-encoding"}
_OURS_DOWN = _OF_A_CONNECTION | {b"x-weighbridge-id"}
_OURS_UP = _OF_A_CONNECTION | {b"host", b"accept-encoding", b"x-weighbridge-key"}
_REPLACED = {"content-encoding", "transfer-encoding", "content-length", "connection"}
_UPLOAD_URLS = {"x-goog-upload-url", "x-goog-upload-control-url"}
_KEY = "AIzaSyTESTreplay"


@dataclass
class Replay:
    """One exchange in one framing: what went in at each end, and what came out."""

    row: dict[str, Any]
    framing: str
    number: str
    sent_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    sent_body: bytes = b""
    played_body: bytes = b""
    received: list[Seen] = field(default_factory=list)
    answers: list[RawAnswer] = field(default_factory=list)

    @property
    def exchange_ids(self) -> list[str]:
        """The ids that the client was told."""
        found = [answer.header(b"x-weighbridge-id") or b"" for answer in self.answers]
        return [each.decode() for each in found]


def _request(replay: Replay, token: str) -> list[bytes]:
    """The recorded request, for a gateway, in pieces: sized, or chunked for an odd framing."""
    row = replay.row
    recorded = row.get("request_headers") or {"content-type": "application/json"}
    headers = [
        (name, value)
        for name, value in recorded.items()
        if name.lower() not in _REPLACED | {"host"}
    ]
    headers = [(n, _KEY if v == "REDACTED" else str(v)) for n, v in headers]
    headers += [("X-Weighbridge-Key", token), ("X-Replay", replay.number)]
    body = (row.get("request_body") or "").encode()
    replay.sent_body = body
    replay.sent_headers = [(n.encode(), v.encode("latin-1")) for n, v in headers]
    head = [f"{row['method']} {row['url_path']} HTTP/1.1", "Host: gateway.test"]
    head += [f"{name}: {value}" for name, value in headers]
    if not body:
        return ["\r\n".join([*head, "", ""]).encode("latin-1")]
    if "chunks" not in replay.framing:
        head.append(f"Content-Length: {len(body)}")
        replay.sent_headers.append((b"Content-Length", b"%d" % len(body)))
        return ["\r\n".join([*head, "", ""]).encode("latin-1"), body[:7], body[7:]]
    opened = "\r\n".join(head).encode("latin-1") + b"\r\n"
    return [*chunked(opened, body, max(len(body) // 5, 1))]


def _lasting(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The recorded answer's headers without those that depend on the framing."""
    headers = row["response_headers"].items()
    return [(name, str(value)) for name, value in headers if name.lower() not in _REPLACED]


def _answer(replay: Replay) -> Iterable[Step]:
    """The recorded answer in the replay's framing."""
    row = replay.row
    lines = [f"HTTP/1.1 {row['status']} Recorded"]
    lines += [f"{name}: {value}" for name, value in _lasting(row)]
    body = (row["response_body"] or "").encode()
    size = 11 if len(body) < 4000 else 997
    if "gzip" in replay.framing:
        body = gzip.compress(body, mtime=0)
        lines.append("Content-Encoding: gzip")
    elif "deflate" in replay.framing:
        body = zlib.compress(body)
        lines.append("Content-Encoding: deflate")
    replay.played_body = body
    if "chunks" in replay.framing:
        return chunked("\r\n".join([*lines, ""]).encode("latin-1"), body, size)
    if "sized" in replay.framing:
        lines.append(f"Content-Length: {len(body)}")
        return ["\r\n".join([*lines, "", ""]).encode("latin-1"), body[:5], body[5:]]
    lines.append("Connection: close")
    return ["\r\n".join([*lines, "", ""]).encode("latin-1"), body, "close"]


def _pending() -> dict[str, Replay]:
    numbered = ((row, framing) for row in EXCHANGES for framing in FRAMINGS)
    return {str(n): Replay(row, framing, str(n)) for n, (row, framing) in enumerate(numbered)}


async def _run_all(port: int, token: str, replays: Iterable[Replay]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def run(replay: Replay) -> None:
        async with gate:
            for _ in range(TIMES):
                replay.answers.append(await exchange(port, *_request(replay, token)))

    await asyncio.gather(*(run(replay) for replay in replays))


@dataclass
class Replayed:
    """All replays, by recording, and the ledger's rows by exchange id."""

    replays: dict[int, list[Replay]]
    rows: dict[str, dict[str, Any]]
    requests: int


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Everything is replayed once; the tests look at what came of it."""
    replays = _pending()

    def script(seen: Seen) -> Iterable[Step]:
        number = (seen.header(b"x-replay") or b"").decode()
        if number not in replays:  # the probe that waits for the token to be in force
            return [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]
        replays[number].received.append(seen)
        return _answer(replays[number])

    folder = tmp_path_factory.mktemp("replay")
    with ScriptedUpstream(script) as upstream:
        vertex = ("--upstream", f"vertex={upstream.url}")
        with Bridge(folder, upstream.url, *vertex) as bridge:
            token = bridge.token("replay", "--department", "replay")
            port = urlsplit(bridge.url).port
            assert port is not None
            asyncio.run(_run_all(port, token["token"], replays.values()))
            rows = rows_by_id(bridge, [each for r in replays.values() for each in r.exchange_ids])
            served = sum(1 for seen in upstream.seen if seen.header(b"x-replay"))
    grouped: dict[int, list[Replay]] = {}
    for number, replay in replays.items():
        grouped.setdefault(int(number) // len(FRAMINGS), []).append(replay)
    return Replayed(grouped, rows, served)


def _kept(headers: list[tuple[bytes, bytes]], ours: set[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in ours]


_NUMBERED = [pytest.param(n, id=name_of(n, row)) for n, row in enumerate(EXCHANGES)]


@pytest.mark.parametrize("number", _NUMBERED)
def test_a_recorded_request_reaches_the_upstream_as_it_was(replayed: Replayed, number: int) -> None:
    """S4, S5, S10: method, target, headers in their order, and body are the client's."""
    for replay in replayed.replays[number]:
        assert len(replay.received) == TIMES, replay.framing
        for seen in replay.received:
            assert seen.method.decode() == replay.row["method"]
            assert seen.target.decode() == replay.row["url_path"]
            assert seen.body == replay.sent_body
            assert _kept(seen.headers, _OURS_UP) == _kept(replay.sent_headers, _OURS_UP)
            assert seen.header(b"x-weighbridge-key") is None


@pytest.mark.parametrize("number", _NUMBERED)
def test_a_recorded_answer_reaches_the_client_as_it_was(replayed: Replayed, number: int) -> None:
    """S4, S5: status, headers in their order, and body, whatever the framing and coding."""
    for replay in replayed.replays[number]:
        for answer in replay.answers:
            _is_as_played(answer, replay)


def _from_here(name: str, value: str) -> str:
    """S6: of all that came, upload URLs alone are made to point at the gateway."""
    if name.lower() not in _UPLOAD_URLS:
        return value
    return value.replace("https://generativelanguage.googleapis.com/", "http://gateway.test/")


def _is_as_played(answer: RawAnswer, replay: Replay) -> None:
    assert answer.ended == "complete", replay.framing
    assert answer.status == replay.row["status"]
    assert answer.body == replay.played_body, replay.framing
    played = [
        (name.encode(), _from_here(name, value).encode("latin-1"))
        for name, value in _lasting(replay.row)
    ]
    if "sized" in replay.framing:
        assert answer.header(b"content-length") == b"%d" % len(replay.played_body)
    coded = next((c for c in (b"gzip", b"deflate") if c.decode() in replay.framing), None)
    assert answer.header(b"content-encoding") == coded
    framing = {b"content-encoding", b"content-length"}
    assert _kept(answer.headers, _OURS_DOWN | framing) == played


@pytest.mark.parametrize("number", _NUMBERED)
def test_a_recorded_exchange_is_weighed_right(replayed: Replayed, number: int) -> None:
    """M4, M6, M13, S1, S5, P2: the row's figures and words equal the reference, in any framing."""
    recorded = EXCHANGES[number]
    host = recorded.get("host", "generativelanguage.googleapis.com")
    expected = expected_columns(recorded) | expected_words(recorded)
    for replay in replayed.replays[number]:
        for row in (replayed.rows[each] for each in replay.exchange_ids):
            assert {name: row[name] for name in expected} == expected, replay.framing
            assert row["surface"] == ("vertex" if "aiplatform" in host else "gemini")
            assert row["status"] == recorded["status"]
            assert row["outcome"] == _outcome(recorded)
            assert row["department"] == "replay"
            assert row["request_bytes"] == len(replay.sent_body)
            assert row["response_bytes"] == len(replay.played_body)


def test_every_replay_was_asked_for_once(replayed: Replayed) -> None:
    """B7: a request that may have been acted upon is never sent twice."""
    assert replayed.requests == len(EXCHANGES) * len(FRAMINGS) * TIMES


def _outcome(recorded: dict[str, Any]) -> str:
    if recorded["status"] >= 400:
        return "client_error" if recorded["status"] < 500 else "upstream_error"
    broken = content_type(recorded) is not None and any(
        "error" in document
        for document in documents_of(recorded["response_body"] or "")
        if isinstance(document, dict)
    )
    return "upstream_error" if broken else "ok"
