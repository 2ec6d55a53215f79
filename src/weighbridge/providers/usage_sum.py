"""The sum of several answers' usage, for rows that stand for more than one prompt.

Hides what adds up to what: counts add; a split adds up to its count also where some of the
answers came without one (what no list names is text, M6); each answer that was grounded counts
as a grounded prompt, for models that are billed by those; the prompt-size cliff looks at the
largest prompt, never at the sum (M3). Rules for future edits: None stays None until something
is reported. Counterpart: `live`.
"""

from typing import Final

import msgspec

from weighbridge.core.usage import Usage

_COUNTS: Final = (
    "input_tokens",
    "cached_input_tokens",
    "tool_use_input_tokens",
    "output_tokens",
    "thinking_tokens",
    "total_tokens",
    "search_queries",
    "maps_queries",
)
_SPLITS: Final = {
    "input_tokens": tuple(
        f"input_{kind}_tokens" for kind in ("text", "image", "audio", "video", "document")
    ),
    "output_tokens": tuple(f"output_{kind}_tokens" for kind in ("text", "image", "audio", "video")),
    "cached_input_tokens": tuple(
        f"cached_{kind}_tokens" for kind in ("text", "image", "audio", "video", "document")
    ),
}


class UsageSum(msgspec.Struct):
    """Adds up usages; what was added is not kept."""

    _usage: Usage = msgspec.field(default_factory=Usage)
    _unsplit: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, usage: Usage) -> None:
        """Take one more answer's usage."""
        total = self._usage
        for name in _COUNTS:
            _add(total, name, getattr(usage, name))
        for count, parts in _SPLITS.items():
            if getattr(usage, parts[0]) is None:
                self._unsplit[count] = self._unsplit.get(count, 0) + (getattr(usage, count) or 0)
            else:
                for name in parts:
                    _add(total, name, getattr(usage, name) or 0)
        if usage.input_tokens is not None:
            total.cliff_tokens = max(total.cliff_tokens or 0, usage.input_tokens)
        total.grounded_by_search |= usage.grounded_by_search
        total.grounded_by_maps |= usage.grounded_by_maps
        total.url_context_or_code |= usage.url_context_or_code
        if usage.grounded_by_search or usage.search_queries:
            _add(total, "search_prompts", 1)
        if usage.grounded_by_maps or usage.maps_queries:
            _add(total, "maps_prompts", 1)

    def with_one(self, usage: Usage | None) -> Usage:
        """The sum so far, and one more answer that may still grow."""
        sum_ = UsageSum(msgspec.structs.replace(self._usage), dict(self._unsplit))
        if usage is not None:
            sum_.add(usage)
        total = sum_._usage
        for count, parts in _SPLITS.items():
            if getattr(total, parts[0]) is not None:
                _add(total, parts[0], sum_._unsplit.get(count, 0))
        return total


def _add(total: Usage, name: str, count: int | None) -> None:
    if count is not None:
        setattr(total, name, (getattr(total, name) or 0) + count)
