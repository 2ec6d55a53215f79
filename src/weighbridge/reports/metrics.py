"""What a report can measure: the table of metrics and the columns each is made of.

Hides which sums a metric needs and how it is derived from them. A metric is either additive
(a component), a ratio of two components, or a percentile of raw rows. SQL only ever computes
components and percentiles; ratios are divided here, exactly, so that a total's ratio is the
ratio of the totals. Rules for future edits: a new metric is a line in a table below plus a
line in `docs/explanation/queries.md` (a test compares them); conditions are constants of this
file, no text from outside ever becomes part of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from weighbridge.core.exchange import TOKEN_COLUMNS

# Our refusals count as errors: the caller got no answer. A client that hung up is no error of
# anyone's, but what its call cost is wasted all the same.
_IS_ERROR = "outcome NOT IN ('ok', 'client_closed')"
_IS_WASTE = "outcome <> 'ok' OR NOT block_reason IS NULL"
# Not every provider reports a total: Claude and embeddings have parts alone.
_TOKENS = (
    "COALESCE(total_tokens, COALESCE(input_tokens, 0) + COALESCE(tool_use_input_tokens, 0)"
    " + COALESCE(output_tokens, 0) + COALESCE(thinking_tokens, 0))"
)

_MONEY_PLACES: Final = Decimal(1).scaleb(-12)
_SECONDS_PLACES: Final = Decimal(1).scaleb(-6)
_RATIO_PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Component:
    """A figure that adds up over any split of the rows.

    `column`, or what a constant formula makes of columns, is summed (None counts rows), over the
    rows where `where` holds; `fold` joins the figures of two sets of rows.
    """

    name: str
    column: str | None = None
    where: str | None = None
    fold: str = "SUM"


@dataclass(frozen=True, slots=True)
class Percentile:
    """The nearest-rank quantile of a column: the smallest value with `rank` of rows at or below.

    Rows where the column is null take no part. `rank` is a decimal literal, which keeps
    `ceil(n * rank)` exact where a float would not.
    """

    column: str
    rank: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A named figure of a result: a component, a ratio of two, or a percentile.

    `unknown_is_null`: where exchanges are there and not one of them has the figure, it is None,
    for what is not known is not nothing.
    """

    name: str
    unit: str
    numerator: str | None = None
    denominator: str | None = None
    scale: int = 1
    percentile: Percentile | None = None
    unknown_is_null: bool = False

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components that the metric is derived from."""
        return tuple(name for name in (self.numerator, self.denominator) if name)

    @property
    def additive(self) -> bool:
        """Whether the metric of a whole is the sum of its parts' metric."""
        return self.percentile is None and self.denominator is None

    def derive(self, sums: Mapping[str, Any]) -> Any:
        """The value of an additive metric or a ratio from its components.

        Takes: the sums; among them `exchanges`, always.
        Gives: for sums 0 where no row reported anything, since a sum is of what is known (the
        completeness counts say what is not), but for cost; for ratios None over nothing, and of
        an unknown cost. Money has twelve places, ratios six, both rounded half to even.
        Example: the cost of no exchange is 0, that of one unpriced exchange None, that of an
        unpriced and a free one 0.
        """
        assert self.numerator is not None
        top = sums[self.numerator]
        if top is None and self.unknown_is_null and sums["exchanges"]:
            return None
        if self.denominator is None:
            return _sum_value(self.unit, top)
        bottom = sums[self.denominator]
        if not bottom:
            return None
        if self.unit == "USD":
            return (Decimal(top or 0) * self.scale / Decimal(bottom)).quantize(
                _MONEY_PLACES, ROUND_HALF_EVEN
            )
        exact = Decimal(top or 0) * self.scale / Decimal(bottom)
        return float(round(exact, _RATIO_PLACES))


def _sum_value(unit: str, value: Any) -> Any:
    if unit == "USD":
        return Decimal(value or 0).quantize(_MONEY_PLACES)
    if unit == "seconds":
        return Decimal(value or 0).quantize(_SECONDS_PLACES)
    if unit == "time":
        return value
    return int(value or 0)


_UNITS_OF_COUNTS: Final = {
    **dict.fromkeys(TOKEN_COLUMNS, "tokens"),
    "search_queries": "queries",
    "maps_queries": "queries",
    "images": "images",
    "video_seconds": "seconds",
    "request_bytes": "bytes",
    "response_bytes": "bytes",
}

COMPONENTS: Final[dict[str, Component]] = {
    component.name: component
    for component in (
        Component("exchanges"),
        Component("unpriced", where="pricing_status = 'unpriced'"),
        Component("unmetered", where="pricing_status = 'unmetered'"),
        Component("partial", where="usage_source = 'partial'"),
        Component("incomplete", where="pricing_status = 'incomplete'"),
        Component("errors", where=_IS_ERROR),
        Component("client_closed", where="outcome = 'client_closed'"),
        Component("blocked", where="NOT block_reason IS NULL"),
        Component("cost", "list_cost"),
        Component("wasted_cost", "list_cost", _IS_WASTE),
        Component("first_seen", "started_at", fold="MIN"),
        Component("last_seen", "started_at", fold="MAX"),
        *(Component(column, column) for column in _UNITS_OF_COUNTS),
        Component("tokens", _TOKENS),
    )
}

COMPLETENESS: Final = ("exchanges", "unpriced", "unmetered", "partial")


def _table() -> dict[str, Metric]:
    rows = [
        Metric("cost", "USD", "cost", unknown_is_null=True),
        Metric("wasted_cost", "USD", "wasted_cost"),
        Metric("cost_per_exchange", "USD", "cost", "exchanges", unknown_is_null=True),
        Metric("cost_per_1k_tokens", "USD", "cost", "tokens", scale=1000, unknown_is_null=True),
        *(
            Metric(name, "exchanges", name)
            for name, component in COMPONENTS.items()
            if component.column is None
        ),
        Metric("error_rate", "ratio", "errors", "exchanges"),
        Metric("cached_share", "ratio", "cached_input_tokens", "input_tokens"),
        Metric("tokens", "tokens", "tokens"),
        *(Metric(name, unit, name) for name, unit in _UNITS_OF_COUNTS.items()),
        Metric("first_seen", "time", "first_seen"),
        Metric("last_seen", "time", "last_seen"),
        *(
            Metric(f"{kind}_p{rank[2:]}", "µs", percentile=Percentile(f"{kind}_us", rank))
            for kind in ("latency", "ttfb", "overhead")
            for rank in ("0.50", "0.95", "0.99")
        ),
        *(
            Metric(
                f"input_tokens_p{rank[2:]}", "tokens", percentile=Percentile("input_tokens", rank)
            )
            for rank in ("0.50", "0.95", "0.99")
        ),
    ]
    return {metric.name: metric for metric in rows}


METRICS: Final[dict[str, Metric]] = _table()
