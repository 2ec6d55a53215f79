"""S9 with real processes: SIGTERM while streams are open, on two workers.

Streams are held by the upstream until a test lets them go, so that nothing depends on time but
what is about time.
"""

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
from family import alive, children
from processes import PATIENCE_S, Bridge, wait_until
from raw_exchange import RawAnswer, exchange
from scripted_upstream import ScriptedUpstream, Seen, Step, chunked, json_answer

_STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
_UNARY = "/v1beta/models/gemini-2.5-flash:generateContent"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
_FIRST = b'data: {"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5}}\r\n\r\n'
_LAST = (
    b'data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,'
    b'"candidatesTokenCount":4,"totalTokenCount":9},"modelVersion":"gemini-2.5-flash"}\r\n\r\n'
)


@dataclass
class Holding:
    """An upstream that begins a stream and ends it when `release` is set."""

    release: threading.Event = field(default_factory=threading.Event)
    begun: int = 0

    def __call__(self, seen: Seen) -> Iterable[Step]:
        if b"stream" not in seen.target:
            yield json_answer(_LAST.removeprefix(b"data: ").strip())
            return
        opened, first, *_ = chunked(_HEAD, _FIRST, len(_FIRST))
        yield opened + first
        self.begun += 1
        yield self.release
        _, *rest = chunked(_HEAD, _LAST, 50)
        yield b"".join(rest)


class Streams:
    """Open streams through a gateway, each read to its end in a thread of their own."""

    def __init__(self, port: int, token: str, count: int) -> None:
        self.answers: list[RawAnswer] = []
        self._port, self._token, self._count = port, token, count
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    async def _run(self) -> None:
        requests = [request(_STREAM, self._token) for _ in range(self._count)]
        how = {"silent_after_s": 30, "watch_end": True}
        reading = (exchange(self._port, each, **how) for each in requests)
        self.answers = list(await asyncio.gather(*reading))

    def wait(self) -> list[RawAnswer]:
        """The answers, once all streams have ended."""
        self._thread.join(40)
        return self.answers


def request(target: str, token: str, method: str = "POST") -> bytes:
    """A call's bytes."""
    body = b"{}" if method == "POST" else b""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: gateway.test",
        "x-goog-api-key: AIzaSyTESTdrain",
        f"X-Weighbridge-Key: {token}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Scene:
    """A gateway with open streams."""

    bridge: Bridge
    token: str
    holding: Holding
    streams: Streams

    @property
    def port(self) -> int:
        """The gateway's."""
        return urlsplit(self.bridge.url).port or 0

    def ask(self, target: str, method: str = "GET") -> RawAnswer:
        """One call on a connection of its own; an empty answer where nothing listens."""
        try:
            return asyncio.run(exchange(self.port, request(target, self.token, method)))
        except ConnectionError:
            return RawAnswer()

    def is_draining(self) -> bool:
        """Whether both workers say so: connections are spread over them by chance."""
        return all(self.ask("/-/readyz").status == 503 for _ in range(8))


@pytest.fixture
def scene(serve: Callable[..., Bridge], tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Starts a gateway and opens streams: `scene(streams=12, drain_grace_s=5)`."""
    holding = Holding()
    with ScriptedUpstream(holding) as upstream:

        def start(*, streams: int = 12, **settings: float) -> Scene:
            lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
            (tmp_path / "w.toml").write_text(f"[gateway]\n{lines}\n")
            options = ("--config", str(tmp_path / "w.toml"), "--workers", "2")
            bridge = serve(*options, upstream_url=upstream.url)
            token = bridge.command("token", "create", "--name", "n")["token"]
            opened = Streams(urlsplit(bridge.url).port or 0, token, streams)
            wait_until(lambda: holding.begun == streams, PATIENCE_S, "the streams do not begin")
            return Scene(bridge, token, holding, opened)

        yield start
        holding.release.set()


def test_open_streams_finish_and_every_one_has_its_row(scene: Callable[..., Scene]) -> None:
    """S9: readyz 503 at once, healthz 200, late calls served once, exit status 0, rows for all."""
    now = scene(streams=12, drain_grace_s=60)
    family = children(now.bridge.process.pid)
    now.bridge.process.send(signal.SIGTERM)
    wait_until(now.is_draining, PATIENCE_S, "readyz is not 503")
    assert now.ask("/-/healthz").status == 200
    late = [now.ask(_UNARY, "POST") for _ in range(4)]
    assert [answer.status for answer in late] == [200] * 4
    assert {answer.header(b"connection") for answer in late} == {b"close"}
    now.bridge.process.send(signal.SIGTERM)
    now.bridge.process.send(signal.SIGINT)
    assert now.bridge.process.exit_status is None
    now.holding.release.set()
    answers = now.streams.wait()
    assert [answer.ended for answer in answers] == ["complete"] * 12
    assert {answer.body for answer in answers} == {_FIRST + _LAST}
    assert all(answer.closed_after for answer in answers)
    assert now.bridge.process.wait() == 0
    assert not any(alive(pid) for pid in family.values())
    rows = _rows(now.bridge)
    assert Counter(row["outcome"] for row in rows.values()) == {"ok": 16}
    for answer in [*answers, *late]:
        row = rows[(answer.header(b"x-weighbridge-id") or b"").decode()]
        assert (row["usage_source"], row["total_tokens"]) == ("final", 9)


def test_calls_after_the_grace_are_refused_and_still_booked(scene: Callable[..., Scene]) -> None:
    """S9: `OVERLOADED`, never 503; the stream that is open is none the worse."""
    now = scene(streams=2, drain_grace_s=0.2)
    now.bridge.process.send(signal.SIGTERM)
    wait_until(lambda: now.ask("/-/readyz").status == 503, PATIENCE_S, "readyz is not 503")

    def refused() -> RawAnswer | None:
        answer = now.ask(_UNARY, "POST")
        return answer if answer.status == 429 else None

    answer = wait_until(refused, PATIENCE_S, "calls are still served")
    assert answer.header(b"x-weighbridge-error") == b"OVERLOADED"
    assert answer.header(b"retry-after") is not None
    now.holding.release.set()
    assert [each.ended for each in now.streams.wait()] == ["complete"] * 2
    assert now.bridge.process.wait() == 0
    row = _rows(now.bridge)[(answer.header(b"x-weighbridge-id") or b"").decode()]
    assert (row["outcome"], row["error_type"]) == ("refused", "OVERLOADED")


def test_a_refusal_in_a_drain_ends_its_connection(scene: Callable[..., Scene]) -> None:
    """S9: a pooled connection to a gateway that stops is of no use to its client."""
    now = scene(streams=1, drain_grace_s=0.1)
    now.bridge.process.send(signal.SIGTERM)

    def refused() -> RawAnswer | None:
        answer = now.ask(_UNARY, "POST")
        return answer if answer.status == 429 else None

    assert wait_until(refused, PATIENCE_S, "calls are served").header(b"connection") == b"close"


def test_a_stream_that_outlasts_the_drain_time_is_interrupted(scene: Callable[..., Scene]) -> None:
    """S9: it is cut so that its client sees it, and its row has the usage so far."""
    now = scene(streams=4, drain_grace_s=0.1, drain_timeout_s=1)
    now.bridge.process.send(signal.SIGTERM)
    assert now.bridge.process.wait() == 0
    answers = now.streams.wait()
    assert {answer.ended for answer in answers} <= {"closed", "reset"}
    assert {answer.body for answer in answers} == {_FIRST}
    rows = _rows(now.bridge)
    assert Counter(row["outcome"] for row in rows.values()) == {"interrupted": 4}
    assert {(row["usage_source"], row["input_tokens"]) for row in rows.values()} == {("partial", 5)}


def _rows(bridge: Bridge) -> dict[str, dict[str, Any]]:
    """The ledger on disk, once nothing serves it."""
    with duckdb.connect(str(bridge.data / "ledger.duckdb"), read_only=True) as ledger:
        found = ledger.execute("SELECT * FROM exchanges")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    by_id = {str(row["exchange_id"]): row for row in rows}
    assert len(by_id) == len(rows)
    return by_id
