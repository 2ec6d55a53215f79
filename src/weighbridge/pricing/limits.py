"""How much a model takes and gives at most in one call: what bounds a cost before it is known.

Hides a table that is coarse on purpose. A limit that is too large only makes a hold too large; one
that is too small would let a cost pass its bound. Rules for future edits: families, not versions;
when in doubt the larger figure; a model that is not named has the largest.
Source: `inputTokenLimit` and `outputTokenLimit` of the Gemini API's model list as recorded in
public repositories (2026-01 and before), genai-prices 0.2.3 for context windows, Anthropic's
models overview from memory, unverified; all 2026-11-22.
Counterpart: `budgets/hold`.
"""

from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Tokens of prompt and of answer, thinking included, of one call."""

    prompt_tokens: int
    answer_tokens: int


_MILLION: Final = 1_048_576
_LARGEST: Final = Limits(2_097_152, 131_072)
# The first beginning that fits, longest families first.
_FAMILIES: Final = (
    ("gemini-1.5-", Limits(2_097_152, 8_192)),
    ("gemini-1.0-", Limits(32_768, 8_192)),
    ("gemini-2.0-", Limits(_MILLION, 8_192)),
    ("gemini-", Limits(_MILLION, 65_536)),
    ("gemma-", Limits(131_072, 32_768)),
    ("claude-3-7", Limits(200_000, 128_000)),
    ("claude-3-5", Limits(200_000, 8_192)),
    ("claude-3-", Limits(200_000, 4_096)),
    ("claude-", Limits(1_000_000, 128_000)),
)


def limits_of(model: str) -> Limits:
    """Limits of a model, given its id in the price book.

    Example: `gemini-2.0-flash` gives at most 8,192 tokens, `gemini-3.8-flash` 65,536.
    """
    for family, limits in _FAMILIES:
        if model.startswith(family):
            return limits
    return _LARGEST
