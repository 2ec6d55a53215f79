"""One session of the Live API: what its messages say of model, turns, usage and errors.

Hides the messages of BidiGenerateContent and BidiGenerateMusic, and which reports of usage mean
the same tokens:
- `usageMetadata` tells of one generation, with the whole context of the session as its prompt,
  and every generation is billed; so generations are summed.
- Within a generation reports are snapshots: per field the last seen wins (S1).
- A generation ends with `turnComplete`. It may also end with `toolCall`: then a report with
  another prompt, which holds the functions' answers, is the next generation's; one with the same
  prompt is a later snapshot.
- A report may come with content, with the end of the turn, or alone behind it.
- Thoughts may stand outside the total here, unlike in generateContent; they are billed.
Rules for future edits: no text or sound of a message outlives a call; a message that tells
nothing is not decoded, as most are sound; nothing raises.
Source: three-turn sessions on two models show prompts of 143, 181, 224 and 373, 413, 452 tokens
(pydantic/pydantic-ai, pull request 7269); the sum over all reports came within 3 % of a bill, the
last report alone was 8.6 times too low (discuss.ai.google.dev, topic 173248); a report with
prompt 522, response 42, thoughts 136, total 564 (topic 188765). Read 2026-11-22.
Counterpart: `gateway/tunnel` takes the messages out of the websocket.
"""

import re
from typing import Any, Final

import msgspec

from weighbridge.core.outcome import UNRECOGNISED, Note, UsageSource, keep_word
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.google_enums import service_tier
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_grounding import Candidate, Grounding, GroundingMetadata
from weighbridge.providers.google_usage import UsageMetadata, any_usage_of, as_count
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.usage_sum import UsageSum

# What stands in a message that means something here. Sound is base64, which may spell such a
# word by chance; the decoder has the last word.
_USAGE: Final = b"usageMetadata"
_TURN_COMPLETE: Final = b"turnComplete"
_TOOL_CALL: Final = b"toolCall"
_CONTENT: Final = (b"modelTurn", b"outputTranscription", b"audioChunks")
_TOLD: Final = (_USAGE, _TURN_COMPLETE, _TOOL_CALL, b'"error"', b"groundingMetadata")
_CODE: Final = (b"executableCode", b"codeExecutionResult")
_BEGINNING: Final = 512

_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_TAIL_ATTEMPTS: Final = 8
_SETUP_MODEL: Final = re.compile(rb'"model"\s*:\s*"([A-Za-z0-9._@:/-]{1,256})"')
_RESOURCE: Final = re.compile(
    r"projects/([A-Za-z0-9.:_-]{1,100})/locations/([a-z0-9-]{2,32})/(.+)", re.DOTALL
)

# Close codes of a websocket as canonical codes: those by which Google ends a session. A reason
# comes with them as text, which is never read (P2). 1000, 1001 and no code are no errors.
# Source: RFC 6455 section 7.4.1, RFC 9110 for what the words mean.
_CLOSE_CODES: Final = {
    1002: "INVALID_ARGUMENT",
    1003: "INVALID_ARGUMENT",
    1007: "INVALID_ARGUMENT",
    1008: "FAILED_PRECONDITION",
    1009: "INVALID_ARGUMENT",
    1010: "INVALID_ARGUMENT",
    1011: "INTERNAL",
    1012: "UNAVAILABLE",
    1013: "UNAVAILABLE",
    1014: "UNAVAILABLE",
}
_GOOD_CLOSE_CODES: Final = frozenset({None, 1000, 1001, 1005})
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


class _LiveUsage(UsageMetadata, rename="camel", gc=False):
    """`usageMetadata` of the Live API: the answer's count has a name of its own."""

    response_token_count: Any = None
    response_tokens_details: Any = None


class _ServerContent(msgspec.Struct, rename="camel", gc=False):
    turn_complete: Any = None
    turn_complete_reason: Any = None
    grounding_metadata: GroundingMetadata | None = None


class _ServerMessage(msgspec.Struct, rename="camel", gc=False):
    usage_metadata: _LiveUsage | None = None
    server_content: _ServerContent | None = None
    tool_call: msgspec.Raw = _ABSENT
    error: Any = None


_decode_client: Final = msgspec.json.Decoder(_ClientMessage).decode
_decode_server: Final = msgspec.json.Decoder(_ServerMessage).decode
_NO_SETUP: Final = LiveSetup()


class LiveSession:
    """Reads one session's messages, in the order in which they passed.

    Of the generation under way: `_usage` its report, `_content` whether it said anything,
    `_turn_over` and `_tool_called` whether it has ended, and how.
    """

    __slots__ = (
        "_broken",
        "_content",
        "_error",
        "_finish",
        "_grounding",
        "_notes",
        "_summed",
        "_surface",
        "_tier",
        "_tool_called",
        "_turn_over",
        "_unreported",
        "_usage",
        "set_up",
        "setup",
        "turns",
    )

    def __init__(self, surface: str) -> None:
        self._surface = surface
        self.setup = _NO_SETUP
        self.set_up = False
        self.turns = 0
        self._summed = UsageSum()
        self._notes: set[Note] = set()
        self._usage: UsageMetadata | None = None
        self._content = False
        self._turn_over = False
        self._tool_called = False
        self._unreported = False
        self._broken = False
        self._grounding: Grounding | None = None
        self._tier: str | None = None
        self._finish: str | None = None
        self._error: tuple[str, int | None] | None = None

    def __repr__(self) -> str:
        return f"<LiveSession {self.setup.model or 'no model'}, {self.turns} turns>"

    def from_client(self, message: bytes) -> None:
        """Take a client's message; only a setup means something."""
        if self.set_up or b"setup" not in message:
            return
        try:
            setup = _decode_client(message).setup
            name = None if setup is None else setup.model
        except _UNREADABLE:  # too long to be whole, or no JSON
            found = _SETUP_MODEL.search(message)
            name = found[1].decode("ascii") if found else None
            setup = None if name is None else _Setup(name)
        if setup is not None:
            self.set_up = True
            self.setup = _setup_of(name)

    def from_server(self, message: bytes, *, whole: bool = True) -> bool:
        """Take a server's message, or the end of one that was too long to keep.

        Gives: whether a generation's usage was told, so that there is news.
        """
        beginning = message if _USAGE in message else message[:_BEGINNING]
        if not whole or any(word in beginning for word in _CONTENT):
            self._begin_content()
            if any(word in message for word in _CODE):
                self._grounding = self._grounding or Grounding()
                self._grounding.add(_RAN_CODE)
        if not any(word in message for word in _TOLD):
            return False
        told = _server_message(message, whole=whole)
        if told is None:
            self._broken |= _USAGE in message
            return False
        return self._take(told)

    def closed(self, code: int | None) -> None:
        """The server closed the session with this code; None where it gave none."""
        if code not in _GOOD_CLOSE_CODES and self._error is None:
            self._error = _CLOSE_CODES.get(code or 0, UNRECOGNISED), None

    def reading(self, *, cut: bool) -> Reading:
        """Sum up; may be asked for again and again.

        Takes: whether the messages stopped being readable, so that more may have been said.
        """
        notes = set(self._notes)
        usage = self._summed.with_one(self._open_usage(notes))
        error = self._error
        return Reading(
            usage=usage,
            usage_source=self._source(usage, cut=cut),
            finish_reason=self._finish,
            service_tier=self._tier,
            error_type=None if error is None else error[0],
            error_status=None if error is None else error[1],
            error_in_stream=error is not None,
            notes=tuple(sorted(notes)),
        )

    def _source(self, usage: Usage, *, cut: bool) -> UsageSource:
        counts = (usage.input_tokens, usage.output_tokens, usage.thinking_tokens)
        if counts == (None, None, None):
            broken = self._broken or self._usage is not None
            return UsageSource.UNPARSED if broken else UsageSource.NONE
        began = self._content or self._usage is not None
        reported = self._usage is not None and (self._turn_over or self._tool_called)
        if cut or (began and not reported) or self._unreported or self._broken:
            return UsageSource.PARTIAL
        return UsageSource.FINAL

    def _take(self, told: _ServerMessage) -> bool:
        content = told.server_content
        ends = content is not None and content.turn_complete is True
        calls = told.tool_call != _ABSENT
        if calls:
            self._begin_content()
        usage = told.usage_metadata
        if usage is not None:
            self._report(usage, with_end=ends)
        if content is not None and content.grounding_metadata is not None:
            self._grounding = self._grounding or Grounding()
            self._grounding.add(Candidate(grounding_metadata=content.grounding_metadata))
        if told.error is not None:
            self._error = error_type(told.error), error_code(told.error)
        if calls:
            self._tool_called = True
        if ends and content is not None:
            self._end_turn(content.turn_complete_reason)
        return (usage is not None or ends) and (self._turn_over or self._tool_called)

    def _begin_content(self) -> None:
        if self._turn_over:
            self._next_generation()
        self._content = True

    def _end_turn(self, reason: object) -> None:
        if self._turn_over:
            return  # said twice
        self._turn_over = True
        self.turns += 1
        if type(reason) is str and reason != "TURN_COMPLETE_REASON_UNSPECIFIED":
            self._finish = keep_word(reason)

    def _report(self, report: _LiveUsage, *, with_end: bool) -> None:
        usage = _as_answer(report)
        tier = service_tier(report.service_tier, report.traffic_type)
        self._tier = tier or self._tier
        if not usage.counts:
            return  # `trafficType` alone
        known = self._usage
        if known is not None and self._is_another(known, usage, with_end=with_end):
            self._next_generation()
            known = None
        if known is None:
            self._usage = usage
        else:
            known.merge(usage)

    def _is_another(self, known: UsageMetadata, later: UsageMetadata, *, with_end: bool) -> bool:
        """Whether a report is of another generation than the one before it."""
        if self._turn_over and with_end:
            return True
        prompt = as_count(later.prompt_token_count)
        differs = prompt is not None and prompt != as_count(known.prompt_token_count)
        return differs and (self._turn_over or self._tool_called)

    def _next_generation(self) -> None:
        usage = self._open_usage(self._notes)
        if usage is not None:
            self._summed.add(usage)
        elif self._content:
            self._unreported = True
        self._usage = None
        self._grounding = None
        self._content = self._turn_over = self._tool_called = False

    def _open_usage(self, notes: set[Note]) -> Usage | None:
        """Usage of the generation under way."""
        if self._usage is None and self._grounding is None:
            return None
        usage = Usage() if self._usage is None else _usage_of(self._usage, notes)
        if self._grounding is not None:
            self._grounding.describe(usage)
        return usage


_RAN_CODE: Final = msgspec.json.decode(
    b'{"content":{"parts":[{"executableCode":{}}]}}', type=Candidate
)


def _setup_of(name: object) -> LiveSetup:
    """What a setup's model name says: on Vertex it is a full resource name.

    Example: `models/gemini-3.8-live` gives the model alone;
    `projects/p/locations/us-central1/publishers/google/models/gemini-live-2.5-flash` all three.
    """
    if type(name) is not str:
        return _NO_SETUP
    found = _RESOURCE.fullmatch(name)
    if found is None:
        return LiveSetup(keep_model(name))
    return LiveSetup(keep_model(found[3]), location=found[2], cloud_project=found[1])


def _server_message(message: bytes, *, whole: bool) -> _ServerMessage | None:
    """A message decoded; of one without its beginning, what follows the last usage in it."""
    if whole:
        try:
            return _decode_server(message)
        except _UNREADABLE:
            return None
    end = len(message)
    for _ in range(_TAIL_ATTEMPTS):
        end = message.rfind(b'"' + _USAGE + b'"', 0, end)
        if end < 0:
            return None
        try:
            told = _decode_server(b"{" + message[end:])
        except _UNREADABLE:
            continue
        if told.server_content is None and b'"turnComplete"' in message[:end]:
            told.server_content = _ServerContent(turn_complete=True)
        return told
    return None


def _as_answer(report: _LiveUsage) -> UsageMetadata:
    """A report under the names that generateContent uses; Vertex uses those at times."""
    usage = UsageMetadata()
    for name in UsageMetadata.__struct_fields__:
        setattr(usage, name, getattr(report, name))
    if report.response_token_count is not None:
        usage.candidates_token_count = report.response_token_count
        usage.candidates_tokens_details = report.response_tokens_details
    return usage


def _usage_of(report: UsageMetadata, notes: set[Note]) -> Usage:
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
