"""Departments, projects, agents: who spends what, each leading one step further down."""

from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Chart, Content
from weighbridge.dashboard.pages.groups import Wanted, ask_together, table_of
from weighbridge.dashboard.pages.pictures import measure_choice, over_time
from weighbridge.dashboard.pages.tiles import tiles_of

_FIGURES: Final = (
    "cost",
    "exchanges",
    "tokens",
    "cost_per_exchange",
    "error_rate",
    "latency_p50",
    "latency_p95",
    "cached_share",
)
_TILES: Final = (
    ("cost", "Spend"),
    ("exchanges", "Calls"),
    ("cost_per_exchange", "Per call"),
    ("error_rate", "Error rate"),
    ("latency_p95", "p95 latency"),
    ("cached_share", "Cached input"),
    ("wasted_cost", "Wasted"),
)


def departments(desk: Desk) -> Content:
    """Department → its projects."""
    return _breakdown(desk, "department", "Departments", "/projects")


def projects(desk: Desk) -> Content:
    """Project → its agents."""
    return _breakdown(desk, "project", "Projects", "/agents")


def agents(desk: Desk) -> Content:
    """Agent → its own page."""
    return _breakdown(desk, "agent", "Agents", "/agents/one")


def departments_charts(desk: Desk) -> tuple[Chart, ...]:
    """Departments over time."""
    return _over_time(desk, "department")


def projects_charts(desk: Desk) -> tuple[Chart, ...]:
    """Projects over time."""
    return _over_time(desk, "project")


def agents_charts(desk: Desk) -> tuple[Chart, ...]:
    """Agents over time."""
    return _over_time(desk, "agent")


def _over_time(desk: Desk, dimension: str) -> tuple[Chart, ...]:
    return (over_time(desk, (dimension,), desk.state.metric or "cost"),)


def _breakdown(desk: Desk, dimension: str, title: str, to: str) -> Content:
    metric = desk.state.metric or "cost"
    wanted = Wanted(
        dimension=dimension,
        metrics=_FIGURES,
        title=f"{title} by spend",
        to=to,
        unallocated="Unallocated",
        trend=True,
        before=True,
    )
    # The course of a percentile would rank every call once more; the chart draws it on demand.
    found = ask_together(desk, wanted, tuple(name for name, _ in _TILES), spreads_by_time=False)
    completeness = found.by_group.completeness
    return Content(
        title=title,
        parents=_parents(desk, dimension),
        tiles=tiles_of(
            [(name, words, "") for name, words in _TILES], found.by_time, found.totals_before
        ),
        choices=[measure_choice(desk, metric)],
        tables=[table_of(desk, wanted, found.by_group, found.before)],
        completeness=dict(completeness),
        never_called=not completeness["exchanges"] and not desk.state.filters,
    )


def _parents(desk: Desk, dimension: str) -> tuple[tuple[str, str], ...]:
    """The steps above, back to which a reader can go."""
    steps = (("department", "Departments", "/departments"), ("project", "Projects", "/projects"))
    state, links = desk.state, []
    for step, title, path in steps:
        if step == dimension or step not in state.filters:
            continue
        left = {name: values for name, values in state.filters.items() if name != step}
        if step == "department":
            left = {name: values for name, values in left.items() if name != "project"}
        links.append((title, path + state.query_string(filters=left)))
    return tuple(links)
