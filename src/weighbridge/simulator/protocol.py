"""One connection: reads requests, plays the steps of their answers in order.

Rules for future edits: an answer that is a single write goes out from the parser's callback,
everything else through one player task per connection; a request body is kept up to a bound
and hashed beyond it, of an upload only its beginning. Counterpart: `server` makes connections,
`app` decides what to answer.
"""

import asyncio
import base64
import contextlib
import hashlib
import socket
import struct
from collections import deque
from typing import Any, Protocol, cast

import httptools

from weighbridge.simulator.live_connection import LiveConnection
from weighbridge.simulator.messages import Request
from weighbridge.simulator.plan import End, Hold, Plan, Repeat, Send, Wait
from weighbridge.simulator.scenarios import HEADER, Scenario
from weighbridge.simulator.uploads import KEPT_BYTES

_BODY_KEPT = 64 * 1024 * 1024
_MOST_QUEUED = 64
_STRICT_WAIT_S = 0.05
_WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=UTF-8\r\n"
    b"Content-Length: 11\r\nConnection: close\r\n\r\nBad Request"
)
_EXPECTATION_FAILED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"


class Host(Protocol):
    """What a connection needs of the simulator."""

    record: bool
    connections: set["Connection"]
    abandoned: int

    def answer(self, request: Request) -> Plan:
        """The steps that answer a request; it is noted where requests are recorded."""
        ...

    def scenario_of(self, request: Request) -> Scenario:
        """The scenario of a request, as far as its head tells."""
        ...

    def upload_hash(self, target: bytes) -> Any:
        """What the bytes of an upload's next step go on with."""
        ...

    def interrupted(self, request: Request) -> None:
        """A connection broke inside a body that was being uploaded."""
        ...

    def live(self, request: Request, transport: asyncio.Transport) -> LiveConnection | None:
        """The session that an upgrade asks for, or None where it is none of the Live API."""
        ...

    async def released(self) -> None:
        """Returns when held answers may go on."""
        ...


class Connection(asyncio.Protocol):
    """A client's connection."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._queue: deque[tuple[Plan, bool]] = deque()
        self._player: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._tunnel = False
        self._upgrade: Request | None = None
        self._live: LiveConnection | None = None
        self._reset_request()

    def __repr__(self) -> str:
        state = "tunnel" if self._tunnel else "playing" if self._player else "idle"
        return f"<Connection {state}, {len(self._queue)} queued>"

    def _reset_request(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._hasher: hashlib._Hash | None = None
        self._running: Any = None
        self._expects = False
        self._special = False
        self._answered = False
        self._strict: asyncio.TimerHandle | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the transport; answers leave without Nagle's delay."""
        self._transport = cast("asyncio.Transport", transport)
        self._host.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's form
        """Ends the player; an answer that was still under way counts as abandoned."""
        self._host.connections.discard(self)
        self._writable.set()
        if self._live is not None:
            self._live.lost()
        if self._strict is not None:
            self._strict.cancel()
        if self._running is not None:
            self._host.interrupted(self._request())
        if self._player is not None:
            self._host.abandoned += 1
            self._player.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, or the tunnel after an upgrade."""
        if self._live is not None:
            self._live.receive(data)
            return
        if self._tunnel:
            self._transport.write(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._open_tunnel(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._transport.write(_BAD_REQUEST)
            self._transport.close()

    # httptools' side

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, as written."""
        self._headers.append((name, value))
        if len(name) == 6 and name.lower() == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif len(name) == len(HEADER) and name.lower() == HEADER:
            self._special = True

    def on_headers_complete(self) -> None:
        """The head is there: what needs no body happens now."""
        if self._host.record:
            self._hasher = hashlib.sha256()
        if self._target.startswith(b"/upload/"):
            self._running = self._host.upload_hash(self._target)
        if not (self._special or self._expects or b"sim-" in self._target):
            return
        scenario = self._host.scenario_of(self._request())
        if scenario.expects == "refused":
            self._enqueue((Send(_EXPECTATION_FAILED),), keep=True)
            self._answered = True
        elif scenario.early:
            self._enqueue(self._host.answer(self._request()), keep=True)
            self._answered = True
        elif self._expects and scenario.expects == "strict":
            loop = asyncio.get_running_loop()
            self._strict = loop.call_later(_STRICT_WAIT_S, self._go_on)
        elif self._expects:
            self._go_on()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, kept or only counted and hashed."""
        if self._strict is not None:
            self._strict.cancel()
            self._strict, self._answered = None, True
            self._enqueue((Send(_BAD_REQUEST), End()), keep=False)
        self._body_bytes += len(body)
        if self._hasher is not None:
            self._hasher.update(body)
        if self._running is not None:
            self._running.update(body)
            if self._body_bytes <= KEPT_BYTES:
                self._body.append(body)
        elif self._body_bytes <= _BODY_KEPT:
            self._body.append(body)
        else:
            self._body.clear()

    def on_message_complete(self) -> None:
        """The request is whole: answer it, at once where that is a single write."""
        if self._answered:
            self._reset_request()
            return
        request = self._request()
        keep = self._parser.should_keep_alive()
        upgrading = self._parser.should_upgrade()
        self._reset_request()
        if upgrading:
            self._upgrade = request
            return
        plan = self._host.answer(request)
        if self._player is None and len(plan) == 1 and type(plan[0]) is Send and keep:
            self._transport.write(plan[0].data)
        else:
            self._enqueue(plan, keep=keep)

    # ours

    def _request(self) -> Request:
        return Request(
            method=self._parser.get_method(),
            target=self._target,
            headers=self._headers,
            body=b"".join(self._body),
            body_bytes=self._body_bytes,
            body_sha256=self._hasher.hexdigest() if self._hasher is not None else None,
            http_version=self._parser.get_http_version(),
            running_hash=self._running,
        )

    def _go_on(self) -> None:
        self._strict = None
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _enqueue(self, plan: Plan, *, keep: bool) -> None:
        self._queue.append((plan, keep))
        if len(self._queue) > _MOST_QUEUED:
            self._transport.pause_reading()
        if self._player is None:
            self._player = asyncio.get_running_loop().create_task(self._play())

    async def _play(self) -> None:
        """Plays the queued answers, one after the other."""
        while self._queue:
            plan, keep = self._queue.popleft()
            for step in plan:
                await self._play_step(step)
                if isinstance(step, End):
                    self._player = None
                    return
            if not keep:
                self._player = None
                self._transport.close()
                return
        self._player = None
        with contextlib.suppress(RuntimeError):
            self._transport.resume_reading()

    async def _play_step(self, step: object) -> None:
        match step:
            case Send(data):
                self._transport.write(data)
                await self._writable.wait()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Repeat(data, times):
                for _ in range(times):
                    self._transport.write(data)
                    await self._writable.wait()
            case Hold():
                await self._host.released()
            case End(reset):
                self._end(reset=reset)

    def _end(self, *, reset: bool) -> None:
        if not reset:
            self._transport.close()
            return
        own = self._transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _open_tunnel(self, rest: bytes) -> None:
        """Accepts an upgrade: a Live session, or an echo, so that a tunnel can be tested."""
        assert self._upgrade is not None
        self._live = self._host.live(self._upgrade, self._transport)
        if self._live is not None:
            self._live.receive(rest)
            return
        key = self._upgrade.header(_KEY) or b""
        accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_GUID).digest())  # noqa: S324
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n%b" % (accept, rest)
        )
        self._tunnel = True

    def shut(self) -> None:
        """Closes the connection at once."""
        if self._player is not None:
            self._player.cancel()
            self._player = None
        self._transport.abort()


_KEY = b"sec-websocket-key"
