"""Agents that feed themselves: prompts that grow from call to call.

Hides the measure. An agent in a loop sends its own last answer along with each next question, so
its prompts rise call by call. A *run* is consecutive calls of one group, model and token, each
with more prompt tokens than the one before and begun within ten minutes of it. Six prompts in a
row rise by chance once in 720 tries where sizes are independent, so a run of six calls counts as
*loop-like*; a single big prompt, or sizes that go up and down, do not. `rising` is the share of
steps that rise: about a half by chance, near 1 in a loop.

Rules for future edits: as in `compile`, built of sqlglot, values bound (P6); calls and cost of all
groups add up to the ledger's. Conversations of one agent that run side by side break each other's
runs, so the measure is a lower bound.
Counterpart: `docs/explanation/queries.md` gives the definition to readers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from sqlglot import exp

from weighbridge.reports.conditions import Conditions
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dialects import DIALECTS
from weighbridge.reports.result import figure_as_json
from weighbridge.reports.service import Write

LEAST_CALLS: Final = 6
MOST_GROUPS: Final = 1_000
_GAP: Final = "INTERVAL '10' MINUTE"
_SHARE: Final = Decimal(1).scaleb(-6)

Select = Callable[[CostQuery, Write], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class LoopLikeness:
    """How much one group's calls look like loops.

    `steps` are pairs of consecutive calls no more than the gap apart, `rises` those of growing
    prompts; `runs`, `loop_calls` and `loop_cost` are of runs of six calls or more, `longest_run`
    of all. Costs are null where no call has one.
    """

    keys: tuple[str, ...]
    exchanges: int
    cost: Decimal | None
    steps: int
    rises: int
    longest_run: int
    runs: int
    loop_calls: int
    loop_cost: Decimal | None
    grown_tokens: int

    @property
    def rising(self) -> float | None:
        """The share of steps that rise, six places; None without a step."""
        if not self.steps:
            return None
        share = Decimal(self.rises) / self.steps
        return float(share.quantize(_SHARE, ROUND_HALF_EVEN))

    def as_json(self, query: CostQuery) -> dict[str, Any]:
        """The API's document."""
        return {
            "group": dict(zip(query.group_by, self.keys, strict=True)),
            "exchanges": self.exchanges,
            "cost": figure_as_json(self.cost),
            "steps": self.steps,
            "rising": self.rising,
            "longest_run": self.longest_run,
            "runs": self.runs,
            "loop_calls": self.loop_calls,
            "loop_cost": figure_as_json(self.loop_cost),
            "grown_tokens": self.grown_tokens,
        }


def find_loops(query: CostQuery, select: Select) -> list[LoopLikeness]:
    """Groups of a query (agents, where it has none), the most spent in loop-like runs first.

    Gives: at most `limit` groups, or a thousand.
    """
    asked = replace(query, group_by=query.group_by or ("agent",))
    size = len(asked.group_by)
    return [LoopLikeness(tuple(row[:size]), *row[size:]) for row in select(asked, loops_statement)]


def loops_statement(query: CostQuery, dialect: str) -> tuple[str, list[Any]]:
    """The statement and its parameters."""
    asked = Conditions(query, DIALECTS[dialect])
    names = [f"d{n}" for n in range(len(query.group_by))]
    texts = [asked.text(name) for name in query.group_by]
    keys = [text.as_(name) for text, name in zip(texts, names, strict=True)]
    calls = (
        exp.select(
            *keys, "model", "token_id", "started_at", "exchange_id", "input_tokens", "list_cost"
        )
        .from_("exchanges")
        .where(*asked.where())
    )
    alike = ", ".join([*names, "model", "token_id"])
    window = f"OVER (PARTITION BY {alike} ORDER BY started_at, exchange_id)"
    steps = exp.select(
        "*",
        f"LAG(input_tokens) {window} AS before",
        f"LAG(started_at) {window} AS before_at",
    ).from_("calls")
    is_step = (
        f"NOT before IS NULL AND NOT input_tokens IS NULL AND started_at - before_at <= {_GAP}"
    )
    marked = exp.select(
        "*",
        f"COALESCE({is_step}, FALSE) AS is_step",
        f"COALESCE({is_step} AND input_tokens > before, FALSE) AS rises",
    ).from_("steps")
    numbered = exp.select("*", f"SUM(CASE WHEN rises THEN 0 ELSE 1 END) {window} AS run").from_(
        "marked"
    )
    runs = (
        exp.select(
            *names,
            "COUNT(*) AS calls",
            "SUM(list_cost) AS cost",
            "COUNT(*) FILTER(WHERE is_step) AS steps",
            "COUNT(*) FILTER(WHERE rises) AS rises",
            "MAX(input_tokens) - MIN(input_tokens) AS grown",
        )
        .from_("numbered")
        .group_by(*names, "model", "token_id", "run")
    )
    looped = f"FILTER(WHERE calls >= {LEAST_CALLS})"
    select = (
        exp.select(
            *names,
            "SUM(calls)",
            "SUM(cost)",
            "SUM(steps)",
            "SUM(rises)",
            "MAX(calls)",
            f"COUNT(*) {looped} AS runs",
            f"COALESCE(SUM(calls) {looped}, 0) AS loop_calls",
            f"SUM(cost) {looped} AS loop_cost",
            f"COALESCE(SUM(grown) {looped}, 0)",
        )
        .with_("calls", as_=calls)
        .with_("steps", as_=steps)
        .with_("marked", as_=marked)
        .with_("numbered", as_=numbered)
        .with_("runs", as_=runs)
        .from_("runs")
        .group_by(*names)
        .order_by("loop_cost DESC NULLS LAST", "loop_calls DESC", *names)
        .limit(min(query.limit or MOST_GROUPS, MOST_GROUPS))
    )
    return select.sql(dialect=dialect, pretty=True), asked.params
