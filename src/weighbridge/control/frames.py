"""What passes between the control process and a worker: length-prefixed msgpack.

A frame is a 4-byte big-endian length and a tagged message. Both ends are processes of one
user on one machine, but the length is bounded all the same. Counterparts: `policy_hub` and
`policy_link`.
"""

import asyncio
from contextlib import suppress
from typing import Final

import msgspec

from weighbridge.attribution.policy import PolicySnapshot

LONGEST_FRAME: Final = 256 * 1024 * 1024
_PREFIX_BYTES = 4


class PolicyUpdate(msgspec.Struct, frozen=True, tag="policy", tag_field="kind"):
    """Control to worker: the whole policy, at one version."""

    snapshot: PolicySnapshot


class Ack(msgspec.Struct, frozen=True, tag="ack", tag_field="kind"):
    """Worker to control: this version is in force here."""

    worker: int
    version: int


class Counters(msgspec.Struct, frozen=True, tag="counters", tag_field="kind"):
    """Worker to control: its counters since it started; `incarnation` differs after a restart."""

    worker: int
    incarnation: int
    values: dict[str, int]


class Lease(msgspec.Struct, frozen=True, tag="lease", tag_field="kind"):
    """Either way: a message of `budgets/lease`, in its own bytes."""

    message: bytes


Message = PolicyUpdate | Ack | Counters | Lease
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Message)


class FrameError(ValueError):
    """The peer sent what is no frame."""


def encode(message: Message) -> bytes:
    """A message with its length before it."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(_PREFIX_BYTES, "big") + body


def send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """Write, if anybody is there: a transport that a reset has closed refuses, loudly."""
    if not writer.is_closing():
        with suppress(OSError, RuntimeError):
            writer.write(frame)


async def read(reader: asyncio.StreamReader) -> Message | None:
    """The next message, or None where the peer has gone.

    Errors: `FrameError` for a length beyond the bound or a body that is no message.
    """
    try:
        length = int.from_bytes(await reader.readexactly(_PREFIX_BYTES), "big")
        if length > LONGEST_FRAME:
            raise FrameError(f"a frame of {length} bytes is longer than {LONGEST_FRAME}")
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    try:
        message: Message = _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise FrameError("a frame that holds no message") from error
    return message
