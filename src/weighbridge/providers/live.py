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

from typing import Final

import msgspec

from weighbridge.core.outcome import UNRECOGNISED, Note, UsageSource, keep_word
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.google_enums import service_tier
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_grounding import Candidate, Grounding
from weighbridge.providers.google_usage import UsageMetadata, as_count
from weighbridge.providers.live_messages import (
    NO_SETUP,
    USAGE,
    LiveUsage,
    ServerMessage,
    as_answer,
    read_setup,
    server_message,
    usage_of,
    without_sound,
)
from weighbridge.providers.usage_sum import UsageSum

# What stands in a message that means something here. Such a word may stand in a text by chance;
# the decoder has the last word.
_TURN_COMPLETE: Final = b"turnComplete"
_TOOL_CALL: Final = b"toolCall"
_CONTENT: Final = (b"modelTurn", b"outputTranscription", b"audioChunks")
_TOLD: Final = (USAGE, _TURN_COMPLETE, _TOOL_CALL, b'"error"', b"groundingMetadata")
_CODE: Final = (b"executableCode", b"codeExecutionResult")

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
        self.setup = NO_SETUP
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
        setup = read_setup(message)
        if setup is not None:
            self.set_up = True
            self.setup = setup

    def from_server(self, message: bytes, *, whole: bool = True) -> bool:
        """Take a server's message, or the end of one that was too long to keep.

        Gives: whether a generation's usage was told, so that there is news.
        """
        words = without_sound(message)
        if not whole or any(word in words for word in _CONTENT):
            self._begin_content()
            if any(word in words for word in _CODE):
                self._grounding = self._grounding or Grounding()
                self._grounding.add(_RAN_CODE)
        if not any(word in words for word in _TOLD):
            return False
        told = server_message(message, whole=whole)
        if told is None:
            self._broken |= USAGE in message
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

    def _take(self, told: ServerMessage) -> bool:
        content = told.server_content
        ends = told.ends
        if told.calls:
            self._begin_content()
        usage = told.usage_metadata
        if usage is not None:
            self._report(usage, with_end=ends)
        if content is not None and content.grounding_metadata is not None:
            self._grounding = self._grounding or Grounding()
            self._grounding.add(Candidate(grounding_metadata=content.grounding_metadata))
        if told.error is not None:
            self._error = error_type(told.error), error_code(told.error)
        if told.calls:
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

    def _report(self, report: LiveUsage, *, with_end: bool) -> None:
        usage = as_answer(report)
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
        usage = Usage() if self._usage is None else usage_of(self._usage, notes)
        if self._grounding is not None:
            self._grounding.describe(usage)
        return usage


_RAN_CODE: Final = msgspec.json.decode(
    b'{"content":{"parts":[{"executableCode":{}}]}}', type=Candidate
)
