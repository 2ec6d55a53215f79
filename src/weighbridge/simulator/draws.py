"""One call drawn from a workload's habit: sizes, tools and fate.

Counterparts: `backfill` writes it down as if it had happened, `traffic` makes it happen.
"""

import math
import random

import msgspec

from weighbridge.simulator.company import Size, Workload

MOST_TOKENS = 900_000
# Days in which the upstream had a bad hour, counted back from the end of the history.
BURSTS: dict[int, tuple[int, int, float, str]] = {
    22: (9, 12, 0.45, "unavailable_503"),
    9: (13, 15, 0.6, "quota_429"),
    2: (7, 8, 0.35, "internal_500"),
}
RUNAWAY_DAYS = 6
_ERRORS = ("quota_429", "quota_429", "unavailable_503", "unavailable_503", "invalid_400",
           "internal_500", "error_mid_stream")  # fmt: skip


class Draw(msgspec.Struct, kw_only=True):
    """A call to make.

    `fate` is the simulator's scenario for it (`ok` mostly), or `client_closed`. An answer that is
    `cut` has as many tokens as its program allows; a live upstream draws sizes of its own.
    """

    workload: Workload
    model: str
    text_tokens: int
    media: dict[str, int]
    prefix_tokens: int
    output_tokens: int
    thinking_tokens: int
    streamed: bool
    searches: bool
    calls_function: bool
    fate: str
    cut: bool = False


def draw(workload: Workload, roll: random.Random, *, days_ago: float, hour: int) -> Draw:
    """The next call of a workload.

    Takes: how many days before the end of the history it happens, and its hour of the day.
    """
    text = _size(workload.prompt, roll, _growth(workload, days_ago))
    streamed = workload.streamed > 0 and roll.random() < workload.streamed
    drawn = Draw(
        workload=workload,
        model=_one_of(workload.models, roll),
        text_tokens=text,
        media={kind: int(n * roll.uniform(0.5, 2)) for kind, n in workload.media.items()},
        prefix_tokens=int(text * workload.prefix),
        output_tokens=_size(workload.output, roll),
        thinking_tokens=_size(workload.thinking, roll) if workload.thinking else 0,
        streamed=streamed,
        searches=workload.searching > 0 and roll.random() < workload.searching,
        calls_function=workload.calling > 0 and roll.random() < workload.calling,
        fate=_fate(workload, roll, days_ago=days_ago, hour=hour, streamed=streamed),
    )
    _limit(drawn)
    return drawn


def rate_factor(workload: Workload, days_ago: float) -> float:
    """How much more often than usual a runaway calls."""
    if workload.growth == 1.0 or days_ago > RUNAWAY_DAYS:
        return 1.0
    return 1 + 1.5 * (RUNAWAY_DAYS - days_ago)


def _limit(drawn: Draw) -> None:
    """Cuts an answer to what its program allows, which thinking uses up first."""
    most = drawn.workload.most_output
    drawn.cut = drawn.thinking_tokens + drawn.output_tokens > most
    drawn.thinking_tokens = min(drawn.thinking_tokens, most)
    drawn.output_tokens = min(drawn.output_tokens, most - drawn.thinking_tokens)


def _growth(workload: Workload, days_ago: float) -> float:
    if workload.growth == 1.0 or days_ago > RUNAWAY_DAYS:
        return 1.0
    return math.pow(workload.growth, RUNAWAY_DAYS - days_ago)


def _size(size: Size, roll: random.Random, factor: float = 1.0) -> int:
    drawn = size.median * factor * math.exp(roll.gauss(0, size.spread))
    return min(max(1, int(drawn)), MOST_TOKENS)


def _one_of(weights: dict[str, int], roll: random.Random) -> str:
    if len(weights) == 1:
        return next(iter(weights))
    return roll.choices(list(weights), list(weights.values()))[0]


def _fate(
    workload: Workload, roll: random.Random, *, days_ago: float, hour: int, streamed: bool
) -> str:
    burst = BURSTS.get(int(days_ago))
    if burst is not None and burst[0] <= hour < burst[1] and roll.random() < burst[2]:
        return burst[3]
    luck = roll.random()
    if luck < workload.errors:
        fate = roll.choice(_ERRORS)
        return "unavailable_503" if fate == "error_mid_stream" and not streamed else fate
    luck -= workload.errors
    if luck < workload.leaving:
        return "client_closed"
    if luck - workload.leaving < workload.blocked:
        return roll.choice(("blocked_prompt", "safety_stop"))
    return "ok"
