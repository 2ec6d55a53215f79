"""The simulator as something to start and close, in a process of its own or inside a test."""

import asyncio
import contextlib
import ssl
from collections import deque
from typing import Any

import msgspec

from weighbridge.simulator import moments, wire
from weighbridge.simulator.app import App
from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import GOOGLE, State
from weighbridge.simulator.live_connection import LiveConnection, is_live
from weighbridge.simulator.messages import Document, Reply, Request
from weighbridge.simulator.moments import Clock
from weighbridge.simulator.plan import Plan, at_pace
from weighbridge.simulator.printing import pretty
from weighbridge.simulator.problems import Problem
from weighbridge.simulator.protocol import Connection
from weighbridge.simulator.scenarios import SCENARIOS, Scenario, named
from weighbridge.simulator.targets import parse_target

CONTROL_PREFIX = b"/-/simulator/"
_MOST_LABELS = 1000


class Simulator:
    """A Gemini look-alike on one or more loopback ports.

    `pace` scales all latencies (0 = none). With `record`, every request is kept in `received`,
    its body included where `keep_bodies` says so; `labels` holds those of the last bodies that
    had some, always. `abandoned` counts connections that went away
    while an answer was under way. `clock` is one fixed moment unless `moments.real` is given;
    `upload_origin` is what upload URLs begin with.

    Example: `simulator = Simulator(); await simulator.start(); simulator.url`.
    """

    def __init__(  # noqa: PLR0913 -- what can be set of it, each by name
        self,
        *,
        scenario: str = "ok",
        seed: int = 0,
        pace: float = 0.0,
        record: bool = False,
        keep_bodies: bool = False,
        clock: Clock = moments.fixed,
        upload_origin: str = GOOGLE,
    ) -> None:
        found = named(scenario)
        if found is None:
            raise ValueError(
                f"scenario {scenario!r} is unknown; known are {', '.join(sorted(SCENARIOS))}"
            )
        state = State(clock=clock, upload_origin=upload_origin)
        self.app = App(seed=seed, scenario=found, pace=pace, state=state)
        self.record = record
        self.keep_bodies = keep_bodies
        self.received: list[Request] = []
        self.labels: deque[Document] = deque(maxlen=_MOST_LABELS)
        self.abandoned = 0
        self.connections: set[Connection] = set()
        self.port = 0
        self.tls_port = 0
        self._host = "127.0.0.1"
        self._servers: list[asyncio.Server] = []
        self._release = asyncio.Event()

    def __repr__(self) -> str:
        return (
            f"<Simulator {self.app.scenario.name} on {self.port or '-'}/{self.tls_port or '-'}, "
            f"{len(self.connections)} connections>"
        )

    @property
    def url(self) -> str:
        """Base URL without TLS."""
        return f"http://{self._host}:{self.port}"

    @property
    def tls_url(self) -> str:
        """Base URL with TLS; the certificate names localhost and 127.0.0.1."""
        return f"https://{self._host}:{self.tls_port}"

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listens; may be called once without and once with TLS. Gives the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self), host, port, ssl=tls, backlog=4096
        )
        self._servers.append(server)
        self._host = host
        bound: int = server.sockets[0].getsockname()[1]
        if tls is None:
            self.port = bound
        else:
            self.tls_port = bound
        return bound

    async def close(self) -> None:
        """Stops listening and drops every connection."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.shut()
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 1)
        self._servers.clear()

    def release(self) -> None:
        """Lets every held answer go on, those held already and no later ones."""
        self._release.set()
        self._release = asyncio.Event()

    async def released(self) -> None:
        """Returns when `release` is next called."""
        await self._release.wait()

    def scenario_of(self, request: Request) -> Scenario:
        """The scenario of a request, as far as its head tells."""
        return self.app.scenario_of(request, parse_target(request.target.decode("latin-1")))

    def upload_hash(self, target: bytes) -> Any:
        """What the bytes of an upload's next step go on with: the hash of those before."""
        return self.app.upload_hash(target)

    def interrupted(self, request: Request) -> None:
        """Takes in what came of an upload before its connection broke."""
        self.app.interrupted(request)

    def answer(self, request: Request) -> Plan:
        """The steps that answer a request, which is noted where requests are recorded."""
        if request.target.startswith(CONTROL_PREFIX):
            return at_pace(wire.framed(self._controlled(request), request).plan(), 0)
        if self.record:
            self._note(request)
        if b'"labels"' in request.body:
            self._note_labels(request)
        return self.app.answer(request)

    @property
    def pace(self) -> float:
        """Scales all pauses."""
        return self.app.pace

    def live(self, request: Request, transport: asyncio.Transport) -> LiveConnection | None:
        """The session that an upgrade asks for, or None where it is none of the Live API."""
        if not is_live(request):
            return None
        if self.record:
            self._note(request)
        return LiveConnection(request, transport, self)

    def _note(self, request: Request) -> None:
        kept = request.body if self.keep_bodies else b""
        self.received.append(msgspec.structs.replace(request, body=kept))

    def _note_labels(self, request: Request) -> None:
        """Remembers the labels of a body, which is otherwise forgotten."""
        document = parse_json(request.body)
        if not isinstance(document, Problem) and "labels" in document:
            target = request.target.decode("latin-1")
            self.labels.append({"target": target, "labels": document["labels"]})

    def _controlled(self, request: Request) -> Reply:
        """For tests that run the simulator as a process.

        `received` and `labels` tell what came, `release` lets go what is held, `forget` begins
        anew.
        """
        word = request.target[len(CONTROL_PREFIX) :].decode("latin-1")
        if word == "received":
            return _json({"received": [described(each) for each in self.received]})
        if word == "labels":
            return _json({"labels": list(self.labels)})
        if word == "release":
            self.release()
        elif word == "forget":
            self.received.clear()
            self.labels.clear()
        else:
            return Reply(status=404, pieces=(b"{}\n",), sized=True)
        return _json({})


def described(request: Request) -> Document:
    """A recorded request as JSON: text is Latin-1, as on the wire."""
    return {
        "method": request.method.decode("latin-1"),
        "target": request.target.decode("latin-1"),
        "headers": [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers
        ],
        "body_bytes": request.body_bytes,
        "body_sha256": request.body_sha256,
    }


def _json(document: Document) -> Reply:
    return Reply(pieces=(pretty(document) + b"\n",), sized=True)
