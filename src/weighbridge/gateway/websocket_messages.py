"""The messages in one direction of a websocket, put together from bytes as they pass.

Hides frames, masks, fragments, control frames and permessage-deflate, all but the latter by
wsproto. Rules for future edits: memory is bounded whatever comes: of a message longer than
`LONGEST_MESSAGE` only one end is kept, and a compressed one that grows without end is given up.
Errors: `UnreadableWebsocketError`, or wsproto's `ParseFailed`, for bytes that are no websocket.
Source: RFC 6455 section 5, RFC 7692 section 7. Counterpart: `tunnel`.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from wsproto.extensions import Extension
from wsproto.frame_protocol import (
    CloseReason,
    Frame,
    FrameDecoder,
    FrameProtocol,
    Opcode,
    RsvBits,
)

LONGEST_MESSAGE: Final = 1024 * 1024
_KEPT_OF_LONGER: Final = 64 * 1024
_INFLATE_STEP: Final = 64 * 1024
_KEPT_STEPS: Final = LONGEST_MESSAGE // _INFLATE_STEP + 2  # so that it still counts as too long
_LONGEST_INFLATED: Final = 32 * 1024 * 1024
_EXTENSIONS: Final = re.compile(
    rb"\r?\nsec-websocket-extensions[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE
)
_DEFLATE: Final = b"permessage-deflate"
_FLUSHED: Final = b"\x00\x00\xff\xff"  # what a sender leaves off; RFC 7692 section 7.2.2
_NO_BITS: Final = RsvBits(False, False, False)
_COMPRESSED_BIT: Final = RsvBits(True, False, False)


class UnreadableWebsocketError(Exception):
    """Bytes that are no websocket, or more of it than can be read within bounds."""


class Deflate(NamedTuple):
    """What was agreed for permessage-deflate: whose messages begin with an empty window."""

    client_no_context_takeover: bool
    server_no_context_takeover: bool


class Message(NamedTuple):
    """One text or binary message.

    Of one that is not `whole`, only the beginning of a client's or the end of a server's.
    """

    data: bytes
    whole: bool


def negotiated_deflate(answer_head: bytes) -> Deflate | None:
    """What a 101 answer's head says of compression; None where there is none.

    Errors: `ValueError` where it names an extension that can't be read.
    """
    extensions = [
        extension
        for value in _EXTENSIONS.findall(answer_head)
        for extension in value.lower().split(b",")
        if extension.strip()
    ]
    if not extensions:
        return None
    name, *parameters = (part.strip() for part in extensions[0].split(b";"))
    if len(extensions) > 1 or name != _DEFLATE:
        raise ValueError("the websocket uses an extension other than permessage-deflate")
    return Deflate(
        b"client_no_context_takeover" in parameters, b"server_no_context_takeover" in parameters
    )


class MessageReader:
    """Bytes of one direction in, messages out."""

    __slots__ = ("_decoder", "_from_client", "_open", "_pieces", "_size", "close_code", "closed")

    def __init__(self, *, from_client: bool, deflate: Deflate | None) -> None:
        extensions: list[Extension] = []
        if deflate is not None:
            fresh = (
                deflate.client_no_context_takeover
                if from_client
                else deflate.server_no_context_takeover
            )
            extensions.append(_Inflate(fresh=fresh))
        self._decoder = FrameDecoder(client=not from_client, extensions=extensions)
        self._from_client = from_client
        self._open = False
        self._pieces: list[bytes] = []
        self._size = 0
        self.closed = False
        self.close_code: int | None = None

    def __repr__(self) -> str:
        return f"<MessageReader {'closed' if self.closed else f'{self._size} bytes waiting'}>"

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take the next bytes; gives the messages that they complete."""
        decoder = self._decoder
        decoder.receive_bytes(data)
        while not self.closed:
            frame = decoder.process_buffer()
            if frame is None:
                return
            if not frame.opcode.iscontrol():
                message = self._piece(frame)
                if message is not None:
                    yield message
            elif frame.opcode is Opcode.CLOSE:
                self._close(frame)

    def _piece(self, frame: Frame) -> Message | None:
        begins = frame.opcode is not Opcode.CONTINUATION
        if begins is self._open:
            raise UnreadableWebsocketError(
                "a fragment without its message, or a message inside another"
            )
        self._open = True
        payload = frame.payload
        assert isinstance(payload, bytes)
        ends = frame.frame_finished and frame.message_finished
        if ends and begins:
            self._open = False
            whole = len(payload) <= LONGEST_MESSAGE
            return Message(payload if whole else self._part(payload), whole)
        self._keep(payload)
        return self._joined() if ends else None

    def _keep(self, payload: bytes) -> None:
        self._size += len(payload)
        self._pieces.append(payload)
        if self._size > LONGEST_MESSAGE:
            self._pieces = [self._part(b"".join(self._pieces))]

    def _part(self, message: bytes) -> bytes:
        """What is kept of a long message: a setup begins with its model, usage ends an answer."""
        return message[:_KEPT_OF_LONGER] if self._from_client else message[-_KEPT_OF_LONGER:]

    def _joined(self) -> Message:
        message = Message(b"".join(self._pieces), self._size <= LONGEST_MESSAGE)
        self._open = False
        self._pieces = []
        self._size = 0
        return message

    def _close(self, frame: Frame) -> None:
        self.closed = True
        payload = frame.payload
        if isinstance(payload, bytes) and len(payload) >= 2:
            self.close_code = int.from_bytes(payload[:2], "big")


class _Inflate(Extension):
    """Undoes permessage-deflate within bounds; wsproto's own would inflate all at once."""

    name = "permessage-deflate"

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh  # every message begins with an empty window
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._compressed = False
        self._applies = False
        self._size = 0

    def enabled(self) -> bool:
        """It was agreed on, or it would not be here."""
        return True

    def offer(self) -> bool:
        """Nothing is offered by who only reads."""
        return False

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,  # noqa: ARG002 - wsproto's
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,  # noqa: ARG002 - wsproto's
    ) -> CloseReason | RsvBits:
        """A frame begins: is its message compressed? Only the first frame says."""
        if opcode.iscontrol():
            self._applies = False
            return _NO_BITS
        if opcode is Opcode.CONTINUATION:
            self._applies = self._compressed
            return _NO_BITS
        self._compressed = self._applies = rsv.rsv1
        self._size = 0
        return _COMPRESSED_BIT

    def frame_inbound_payload_data(
        self,
        proto: FrameDecoder | FrameProtocol,  # noqa: ARG002 - wsproto's
        data: bytes,
    ) -> bytes | CloseReason:
        """Inflate a piece; of one that is too long, the end."""
        return self._inflated(data) if self._applies else data

    def frame_inbound_complete(
        self,
        proto: FrameDecoder | FrameProtocol,  # noqa: ARG002 - wsproto's
        fin: bool,
    ) -> bytes | CloseReason | None:
        """The end of a frame, and of the message where `fin`."""
        if not self._applies or not fin:
            return None
        rest = self._inflated(_FLUSHED)
        if self._fresh or self._inflater.eof:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return rest

    def _inflated(self, data: bytes) -> bytes | CloseReason:
        pieces: list[bytes] = []
        inflate = self._inflater.decompress
        try:
            more = True
            while more:
                piece = inflate(data, _INFLATE_STEP)
                data = self._inflater.unconsumed_tail
                more = bool(data) or len(piece) == _INFLATE_STEP  # it may hold back output
                self._size += len(piece)
                if self._size > _LONGEST_INFLATED:
                    return CloseReason.MESSAGE_TOO_BIG
                pieces.append(piece)
                if len(pieces) > 2 * _KEPT_STEPS:
                    pieces = pieces[-_KEPT_STEPS:]
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        return b"".join(pieces)
