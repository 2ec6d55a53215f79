"""Sums the answers of a batch: many prompts, few parts that are priced alike.

Hides which answers may be added up. The prompt-size cliff is decided by each prompt on its own
(M3), so prompts are summed only within one side of every cliff; likewise by the model that
answered, and by how tools were used, which decides what tool-use tokens cost (M5). Rules for
future edits: memory is bounded by the number of such groups, whatever the number of answers.
Counterpart: `google_batches` finds the answers; `google_usage` knows the counts of one.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note
from weighbridge.core.resource import UsagePart
from weighbridge.core.usage import Usage
from weighbridge.providers.decoding import UNREADABLE
from weighbridge.providers.google_grounding import Candidate, Grounding, GroundingMetadata
from weighbridge.providers.google_usage import UsageMetadata, as_count, usage_of
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.usage_sum import UsageSum
from weighbridge.providers.walking import plain

# Where prompts become dearer: 128k for the 1.5 family, 200k since. A prompt at the cliff itself
# is below it. Source: Gemini API pricing, read 2026-11-21.
CLIFFS: Final = (128_000, 200_000)
# More models than one batch has by far; an answer beyond them is summed with unnamed ones.
_MOST_GROUPS: Final = 64
_SOMETHING: Final = msgspec.Raw(b"{}")
RESPONSE_PATHS: Final = {
    "usageMetadata": "usage",
    "modelVersion": "model",
    "tokenCount": "tokens",
    "candidates[].groundingMetadata": "grounding",
    "candidates[].urlContextMetadata": "tools",
    "candidates[].content.parts[].executableCode": "tools",
    "candidates[].content.parts[].codeExecutionResult": "tools",
}
# What is looked at in one answer, by its path in an inlined answer or in a line of a file.
ANSWER_PATHS: Final[Mapping[str, str]] = {
    "error": "error",
    **{f"response.{path}": name for path, name in RESPONSE_PATHS.items()},
}
_Group = tuple[str | None, int, bool, bool, bool]


class AnswerSum:
    """Takes the answers of a batch, whole or member by member."""

    __slots__ = ("_answer", "_groups", "answers", "unread")

    def __init__(self) -> None:
        self._groups: dict[_Group, UsageSum] = {}
        self._answer = _Answer()
        self.answers = 0  # with or without usage
        self.unread = 0  # that may have cost something, how much is not known

    def __repr__(self) -> str:
        return f"<AnswerSum {self.answers} answers in {len(self._groups)} parts>"

    @property
    def is_certain(self) -> bool:
        """Whether the sum is all that there is."""
        return not self.unread

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member of the present answer by its name in `ANSWER_PATHS`."""
        answer = self._answer
        if name == "usage":
            answer.usage = _metadata(value)
        elif name == "model":
            answer.model = keep_model(plain(value))
        elif name == "tokens":
            answer.tokens = as_count(plain(value))
        elif name == "grounding":
            answer.ground(Candidate(grounding_metadata=_grounding(value)))
        elif name == "tools":
            answer.ground(Candidate(url_context_metadata=_SOMETHING))
        elif name == "error":
            answer.failed = True

    def end(self) -> None:
        """The present answer is at its end."""
        answer, self._answer = self._answer, _Answer()
        if answer.usage is not None:
            self.add(answer.usage, answer.model, answer.grounding)
        elif answer.tokens is not None:
            self.add_tokens(answer.tokens, answer.model)
        else:
            self.add_nothing(failed=answer.failed)

    def add(self, metadata: UsageMetadata, model: str | None, grounding: Grounding | None) -> None:
        """Take one whole answer with its usage."""
        notes: set[Note] = set()
        usage = usage_of(metadata, notes)
        if not metadata.counts or Note.COUNT_REJECTED in notes:
            self.unread += 1
        if grounding is not None:
            grounding.describe(usage)
        self._add(usage, model)

    def add_tokens(self, tokens: int, model: str | None) -> None:
        """Take one embedding, whose tokens are all there is."""
        self._add(Usage(input_tokens=tokens), model)

    def add_nothing(self, *, failed: bool) -> None:
        """Take an answer without usage: it failed and is free, or is not known."""
        self.answers += 1
        self.unread += not failed

    def parts(self) -> tuple[UsagePart, ...]:
        """The parts, in the order of their first answers.

        Gives: none where all failed; one that says nothing where nothing is known.
        """
        if not self._groups and self.unread:
            return (UsagePart(usage=Usage()),)
        return tuple(
            UsagePart(usage=sum_.with_one(None), model_version=group[0])
            for group, sum_ in self._groups.items()
        )

    def _add(self, usage: Usage, model: str | None) -> None:
        self.answers += 1
        side = bisect_left(CLIFFS, usage.input_tokens or 0)
        tools = usage.grounded_by_search, usage.grounded_by_maps, usage.url_context_or_code
        group = (model, side, *tools)
        if group not in self._groups and len(self._groups) >= _MOST_GROUPS:
            group = (None, side, *tools)
        sum_ = self._groups.get(group)
        if sum_ is None:
            sum_ = self._groups[group] = UsageSum()
        sum_.add(usage)


class _Answer:
    """What is known so far of one answer."""

    __slots__ = ("failed", "grounding", "model", "tokens", "usage")

    def __init__(self) -> None:
        self.usage: UsageMetadata | None = None
        self.model: str | None = None
        self.tokens: int | None = None
        self.failed = False
        self.grounding: Grounding | None = None

    def ground(self, candidate: Candidate) -> None:
        if self.grounding is None:
            self.grounding = Grounding()
        self.grounding.add(candidate)


def _metadata(value: bytes | None) -> UsageMetadata | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=UsageMetadata)
    except UNREADABLE:
        return None


def _grounding(value: bytes | None) -> Any:
    """Grounding metadata; one that can't be read grounded the answer all the same."""
    if value is not None:
        try:
            return msgspec.json.decode(value, type=GroundingMetadata)
        except UNREADABLE:
            pass
    return GroundingMetadata()
