"""Model comparison: what each costs, how fast it is, how often it fails, side by side."""

from dataclasses import replace
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Chart, Content
from weighbridge.dashboard.pages.figures import asked
from weighbridge.dashboard.pages.groups import Wanted, group_table
from weighbridge.dashboard.pages.pictures import look_of, over_time
from weighbridge.dashboard.pages.scatter import scatter_spec

_FIGURES: Final = (
    "cost",
    "exchanges",
    "tokens",
    "cost_per_exchange",
    "cost_per_1k_tokens",
    "latency_p50",
    "latency_p95",
    "ttfb_p50",
    "error_rate",
    "cached_share",
)
_DRAWN: Final = ("cost", "cost_per_exchange", "latency_p50")


def models(desk: Desk) -> Content:
    """One row per model; cost against latency; spend over time."""
    wanted = Wanted(
        dimension="model", metrics=_FIGURES, title="Models side by side", to="/exchanges"
    )
    table, result = group_table(desk, wanted)
    elsewhere = "/what-if" + desk.state.query_string(sort="", search="", metric="")
    table = replace(table, pages=(*table.pages, ("", "What if on another model", elsewhere)))
    return Content(
        title="Models",
        subtitle="Cost, speed and failures of each model, over the same calls that were billed.",
        tables=[table],
        completeness=dict(result.completeness),
        never_called=not result.completeness["exchanges"] and not desk.state.filters,
    )


def charts(desk: Desk) -> tuple[Chart, ...]:
    """Cost against latency, and spend over time."""

    def spec(theme: str, fills: bool) -> dict[str, Any]:
        question = desk.state.question(desk.span, group_by=("model",), metrics=_DRAWN, limit=30)
        return scatter_spec(asked(desk, question), look_of(theme, fills=fills))

    return (
        Chart("scatter", "Cost per call against median latency", spec),
        over_time(desk, ("model",), desk.state.metric or "cost"),
    )
