"""Wire tests as scripts: what a client sends and gets, what an upstream gets and sends.

A test reads as a sequence: `client >> bytes` (the client sends), `upstream << bytes` (the
upstream gets exactly these), `upstream >> bytes`, `client << bytes`. `{id}` stands for an
exchange id. `~actor` closes its side, `-actor` resets it, `actor.gone` waits until the peer has
closed. Everything runs over real sockets on loopback; a step that is not met in time fails.
"""

import asyncio
import re
import socket
import struct
from dataclasses import dataclass, field

STEP_TIMEOUT_S = 60.0
_ID = rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@dataclass(frozen=True)
class Step:
    actor: "Actor"
    kind: str
    data: bytes = b""


@dataclass(eq=False)
class Actor:
    """One end of one connection; `index` counts the upstream connections as they come."""

    name: str
    index: int = 0
    stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None)

    def __rshift__(self, data: bytes) -> Step:
        return Step(self, "send", data)

    def __lshift__(self, data: bytes) -> Step:
        return Step(self, "get", data)

    def __invert__(self) -> Step:
        return Step(self, "close")

    def __neg__(self) -> Step:
        return Step(self, "reset")

    @property
    def gone(self) -> Step:
        return Step(self, "gone")

    @property
    def half(self) -> Step:
        """Close for writing only."""
        return Step(self, "half")


def client(name: str = "client") -> Actor:
    return Actor(name)


def upstream(index: int = 0) -> Actor:
    return Actor("upstream", index)


class ScriptedUpstream:
    """A listener whose connections are played by the script."""

    def __init__(self) -> None:
        self.connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.clients: list[asyncio.StreamWriter] = []
        self._came = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._came:
            self.connections.append((reader, writer))
            self._came.notify_all()

    async def connection(self, index: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self._came:
            await self._came.wait_for(lambda: len(self.connections) > index)
        return self.connections[index]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in [*self.clients, *(writer for _, writer in self.connections)]:
            writer.transport.abort()
        await asyncio.sleep(0)


async def play(gateway_port: int, peer: ScriptedUpstream, *steps: Step) -> None:
    """Run the steps in order."""
    for number, step in enumerate(steps):
        where = f"step {number}: {step.actor.name} {step.kind} {step.data[:80]!r}"
        try:
            async with asyncio.timeout(STEP_TIMEOUT_S):
                await _run(step, gateway_port, peer, where)
        except TimeoutError:
            raise AssertionError(f"{where}: not met in {STEP_TIMEOUT_S} s") from None


async def _run(step: Step, gateway_port: int, peer: ScriptedUpstream, where: str) -> None:
    actor = step.actor
    if actor.stream is None:
        if actor.name == "upstream":
            actor.stream = await peer.connection(actor.index)
        else:
            actor.stream = await asyncio.open_connection("127.0.0.1", gateway_port)
            peer.clients.append(actor.stream[1])
    reader, writer = actor.stream
    if step.kind == "send":
        writer.write(step.data)
        await writer.drain()
    elif step.kind == "get":
        await _get(reader, step.data, where)
    elif step.kind == "close":
        writer.close()
    elif step.kind == "half":
        writer.write_eof()
    elif step.kind == "reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif step.kind == "gone":
        rest = await _read_rest(reader)
        assert rest == b"", f"{where}: more came: {rest!r}"


async def _get(reader: asyncio.StreamReader, expected: bytes, where: str) -> None:
    length = len(expected.replace(b"{id}", b"-" * 36))
    try:
        got = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise AssertionError(f"{where}: only {error.partial!r} came") from None
    except TimeoutError:
        raise
    pattern = _ID.join(re.escape(part) for part in expected.split(b"{id}"))
    assert re.fullmatch(pattern, got, re.DOTALL), f"{where}: got {got!r}"


async def _read_rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def exchange_bytes(port: int, data: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes to the gateway and read until it closes."""
    async with asyncio.timeout(STEP_TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        if half_close:
            writer.write_eof()
        got = await _read_rest(reader)
        writer.close()
        return got


async def one_answer(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send a request; status, headers (lower-case names) and body of the one sized answer."""
    async with asyncio.timeout(STEP_TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.rstrip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        writer.close()
        return int(status_line.split()[1]), headers, body
