"""Messages of the Live API: what of them is decoded, and how a report becomes a `Usage`.

Hides their shapes, which words tell that a message means something, and that most of a message
is sound. Rules for future edits: what is not needed is not decoded; nothing of a message but
numbers, codes and a model's name leaves this file; nothing raises.
Counterpart: `live` knows what the messages of a session mean together.
"""

import re
from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note
from weighbridge.core.usage import Usage
from weighbridge.providers.decoding import UNREADABLE, from_last
from weighbridge.providers.google_grounding import GroundingMetadata
from weighbridge.providers.google_usage import UsageMetadata, any_usage_of, as_count
from weighbridge.providers.model_names import keep_model

USAGE: Final = b"usageMetadata"
_SOUND: Final = b'"data"'
_SETUP_MODEL: Final = re.compile(rb'"model"\s*:\s*"([A-Za-z0-9._@:/-]{1,256})"')
_RESOURCE: Final = re.compile(
    r"projects/([A-Za-z0-9.:_-]{1,100})/locations/([a-z0-9-]{2,32})/(.+)", re.DOTALL
)
_ABSENT: Final = msgspec.Raw(b"null")


class LiveSetup(msgspec.Struct, frozen=True):
    """What a setup says that the row needs."""

    model: str | None = None
    location: str | None = None
    cloud_project: str | None = None


class _Setup(msgspec.Struct):
    model: Any = None


class _ClientMessage(msgspec.Struct):
    setup: _Setup | None = None


class LiveUsage(UsageMetadata, rename="camel", gc=False):
    """`usageMetadata` of the Live API: the answer's count has a name of its own."""

    response_token_count: Any = None
    response_tokens_details: Any = None


class ServerContent(msgspec.Struct, rename="camel", gc=False):
    """`serverContent`, but for what was said."""

    turn_complete: Any = None
    turn_complete_reason: Any = None
    grounding_metadata: GroundingMetadata | None = None


class ServerMessage(msgspec.Struct, rename="camel", gc=False):
    """A server's message, but for what was said."""

    usage_metadata: LiveUsage | None = None
    server_content: ServerContent | None = None
    tool_call: msgspec.Raw = _ABSENT
    error: Any = None

    @property
    def calls(self) -> bool:
        """Whether the model calls functions."""
        return self.tool_call != _ABSENT

    @property
    def ends(self) -> bool:
        """Whether the turn is over."""
        return self.server_content is not None and self.server_content.turn_complete is True


class _Content(msgspec.Struct, rename="camel"):
    turn_complete: Any = None


class _BareMessage(msgspec.Struct, rename="camel"):
    """The same without what need not be right for its usage to be."""

    usage_metadata: LiveUsage | None = None
    server_content: _Content | None = None


_decode_client: Final = msgspec.json.Decoder(_ClientMessage).decode
_decode_server: Final = msgspec.json.Decoder(ServerMessage).decode
_decode_bare: Final = msgspec.json.Decoder(_BareMessage).decode
NO_SETUP: Final = LiveSetup()


def read_setup(message: bytes) -> LiveSetup | None:
    """What a client's setup says, also where its end is missing; None for other messages."""
    try:
        setup = _decode_client(message).setup
    except UNREADABLE:
        found = _SETUP_MODEL.search(message)
        return None if found is None else _setup_of(found[1].decode("ascii"))
    return None if setup is None else _setup_of(setup.model)


def without_sound(message: bytes) -> bytes:
    """A message without the values of its `data` members, which are nearly all of it.

    Looking for one byte takes a hundredth of the time of looking for a dozen words.
    """
    at = message.find(_SOUND)
    if at < 0:
        return message
    pieces = []
    start = 0
    while at >= 0:
        begin = message.find(b'"', at + len(_SOUND))
        end = message.find(b'"', begin + 1)
        if begin < 0 or end < 0 or message[at + len(_SOUND) : begin].strip() != b":":
            break
        pieces.append(message[start:begin])
        start = end
        at = message.find(_SOUND, end)
    pieces.append(message[start:])
    return b"".join(pieces)


def server_message(message: bytes, *, whole: bool) -> ServerMessage | None:
    """A message decoded; of one without its beginning, what follows the last usage in it."""
    if whole:
        return _decoded(message)
    found = from_last(b'"' + USAGE + b'"', message, _decode_server)
    if found is None:
        return None
    told, at = found
    if told.server_content is None and b'"turnComplete"' in message[:at]:
        told.server_content = ServerContent(turn_complete=True)
    return told


def as_answer(report: LiveUsage) -> UsageMetadata:
    """A report under the names that generateContent uses, and Vertex for its sessions as well.

    Source: `_LiveServerMessage_from_vertex` of google-genai 3.4.0.
    """
    usage = UsageMetadata()
    for name in UsageMetadata.__struct_fields__:
        setattr(usage, name, getattr(report, name))
    if report.response_token_count is not None:
        usage.candidates_token_count = report.response_token_count
        usage.candidates_tokens_details = report.response_tokens_details
    return usage


def usage_of(report: UsageMetadata, notes: set[Note]) -> Usage:
    """Usage of one generation.

    Example: prompt 522, response 42, thoughts 136, total 564: the total leaves the thoughts
    out, all three counts stand. With total 700 they are inside, which is the same usage.
    """
    total = as_count(report.total_token_count)
    thinking = as_count(report.thoughts_token_count)
    spoken = (
        (as_count(report.prompt_token_count) or 0)
        + (as_count(report.candidates_token_count) or 0)
        + (as_count(report.tool_use_prompt_token_count) or 0)
    )
    if not thinking or total != spoken:
        return any_usage_of(report, notes)
    notes.add(Note.THINKING_OUTSIDE_TOTAL)
    usage = any_usage_of(msgspec.structs.replace(report, total_token_count=total + thinking), notes)
    usage.total_tokens = total
    return usage


def _decoded(message: bytes) -> ServerMessage | None:
    try:
        return _decode_server(message)
    except UNREADABLE:
        pass
    try:
        bare = _decode_bare(message)
    except UNREADABLE:
        return None
    over = None if bare.server_content is None else bare.server_content.turn_complete
    return ServerMessage(bare.usage_metadata, ServerContent(over))


def _setup_of(name: object) -> LiveSetup:
    """What a setup's model name says: on Vertex it is a full resource name.

    Example: `models/gemini-3.8-live` gives the model alone;
    `projects/p/locations/us-central1/publishers/google/models/gemini-live-2.5-flash` all three.
    """
    if type(name) is not str:
        return NO_SETUP
    found = _RESOURCE.fullmatch(name)
    if found is None:
        return LiveSetup(keep_model(name))
    return LiveSetup(keep_model(found[3]), location=found[2], cloud_project=found[1])
