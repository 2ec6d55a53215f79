"""A websocket of the Live API: the handshake, and a session's moves played in order.

Frames are wsproto's. As the real server, messages leave in binary frames; compression is agreed
where the client offers it and the header `x-simulator-deflate` says so, since Google's does not.
Rules for future edits: a handshake without `Sec-WebSocket-Version` is none of ours (`protocol`
echoes it). Counterpart: `live_session` decides what is said.
"""

import asyncio
import json
from collections import deque
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    Request,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import RemoteProtocolError

from weighbridge.simulator import messages
from weighbridge.simulator.access import refusal
from weighbridge.simulator.live_faults import Close, Drop, Hold, Move, Pause, Raw, Say
from weighbridge.simulator.live_session import LiveSession, encoded
from weighbridge.simulator.scenarios import HEADER
from weighbridge.simulator.targets import parse_target

_VERSION = b"sec-websocket-version"
_DEFLATE = b"x-simulator-deflate"
_VERTEX = b"/google.cloud.aiplatform."
_MUSIC = b".BidiGenerateMusic"


class LiveHost(Protocol):
    """What a session needs of the simulator."""

    @property
    def pace(self) -> float:
        """Scales all pauses."""
        ...

    async def released(self) -> None:
        """Returns when held answers may go on."""
        ...


def is_live(request: messages.Request) -> bool:
    """Whether an upgrade is a websocket of the Live API."""
    path = request.target.lstrip(b"/")
    return path.startswith(b"ws/") and request.header(_VERSION) is not None


class LiveConnection:
    """A connection after its upgrade was asked for."""

    def __init__(
        self, request: messages.Request, transport: asyncio.Transport, host: LiveHost
    ) -> None:
        self._transport = transport
        self._host = host
        self._socket = WSConnection(ConnectionType.SERVER)
        path = request.target.partition(b"?")[0]
        self._session = LiveSession(
            vertex=_VERTEX in path,
            music=path.endswith(_MUSIC),
            seed=path.rpartition(b"/")[2].decode("latin-1"),
            fault=(request.header(HEADER) or b"").decode("latin-1"),
        )
        self._deflates = request.header(_DEFLATE) is not None
        self._moves: deque[Move] = deque()
        self._player: asyncio.Task[None] | None = None
        self._heard = b""
        self._shake_hands(request)

    def __repr__(self) -> str:
        return f"<LiveConnection {self._session!r}, {len(self._moves)} moves>"

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""
        if not data:
            return
        try:
            self._socket.receive_data(data)
            for event in self._socket.events():
                self._handle(event)
        except RemoteProtocolError:
            self._send(CloseConnection(code=1002, reason="protocol error"))
            self._transport.close()

    def lost(self) -> None:
        """The client is gone."""
        self._fall_silent()

    def _fall_silent(self) -> None:
        """Play no further, whatever the player waits for."""
        self._moves.clear()
        if self._player is not None:
            self._player.cancel()
            self._player = None

    def _shake_hands(self, request: messages.Request) -> None:
        headers = [(name, value) for name, value in request.headers if value]
        self._socket.initiate_upgrade_connection(headers, request.target)
        for event in self._socket.events():
            if not isinstance(event, Request):
                continue
            problem = refusal(request, parse_target(request.target.decode("latin-1")))
            if problem is not None:
                self._send(RejectConnection(status_code=problem.code))
                self._transport.close()
                return
            agreed = [PerMessageDeflate()] if self._deflates else []
            self._send(AcceptConnection(extensions=list(agreed)))

    def _handle(self, event: Event) -> None:
        if isinstance(event, Message):
            self._hear(event)
        elif isinstance(event, Ping):
            self._send(event.response())
        elif isinstance(event, CloseConnection):
            if self._socket.state.name == "REMOTE_CLOSING":
                self._send(event.response())
            self.lost()
            self._transport.close()

    def _hear(self, event: Message[Any]) -> None:
        self._heard += event.data.encode() if isinstance(event.data, str) else bytes(event.data)
        if not event.message_finished:
            return
        text, self._heard = self._heard, b""
        try:
            message = json.loads(text)
        except ValueError:
            message = {}
        moves, speaks = self._session.receive(message if isinstance(message, dict) else {})
        if speaks and self._moves:
            self._fall_silent()
            self._moves.extend(self._session.interrupted())
        self._moves.extend(moves)
        if self._player is None and self._moves:
            self._player = asyncio.get_running_loop().create_task(self._play())

    async def _play(self) -> None:
        while self._moves:
            move = self._moves.popleft()
            match move:
                case Say(document, tokens):
                    self._say(encoded(document))
                    self._session.said(tokens)
                case Pause(seconds):
                    await asyncio.sleep(seconds * self._host.pace)
                case Hold():
                    await self._host.released()
                case Raw(data):
                    self._transport.write(data)
                case Close(code, reason):
                    self._moves.clear()
                    self._send(CloseConnection(code=code, reason=reason))
                case Drop():
                    self._moves.clear()
                    self._transport.close()
        self._player = None

    def _say(self, message: bytes) -> None:
        step = -(-len(message) // self._session.fault.fragments)
        for at in range(0, len(message), step):
            piece = message[at : at + step]
            self._send(BytesMessage(data=piece, message_finished=at + step >= len(message)))

    def _send(self, event: Event) -> None:
        self._transport.write(self._socket.send(event))
