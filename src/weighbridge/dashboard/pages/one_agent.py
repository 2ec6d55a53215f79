"""One agent: over time, by model, what its money was for, its dearest calls, errors and loops.

Rules for future edits: the agent is the filter `agent`, so that every other filter and the range
hold here as on any page; each table adds up to the agent, or says what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Chart, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.exchanges import costliest_table
from weighbridge.dashboard.pages.groups import Wanted, ask_together, group_table, table_of
from weighbridge.dashboard.pages.pictures import measure_choice, over_time
from weighbridge.dashboard.pages.tiles import tiles_of
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.dimensions import NONE
from weighbridge.reports.loops import LEAST_CALLS, LoopLikeness, find_loops
from weighbridge.reports.metrics import METRICS

_MEASURES: Final = ("cost", "exchanges", "tokens", "latency_p95", "error_rate")
_MEASURES_MORE: Final = ("input_tokens_p50", "cached_share")
_TILES: Final = (
    ("cost", "Spend"),
    ("exchanges", "Calls"),
    ("cost_per_exchange", "Per call"),
    ("input_tokens_p50", "Median prompt"),
    ("cached_share", "Cached input"),
    ("error_rate", "Error rate"),
    ("latency_p95", "p95 latency"),
)
_BY_MODEL: Final = (
    *("cost", "exchanges", "cost_per_exchange", "input_tokens", "output_tokens"),
    *("cached_share", "latency_p50", "error_rate"),
)
_KINDS: Final = (  # token columns, and which of them another one holds
    ("input_tokens", ""),
    ("cached_input_tokens", "input_tokens"),
    ("tool_use_input_tokens", ""),
    ("output_tokens", ""),
    ("thinking_tokens", ""),
)
_DEAREST: Final = 10


def one_agent(desk: Desk) -> Content:
    """Everything about the agent that the filters name."""
    state = desk.state
    names = state.filters.get("agent", ())
    others = {name: values for name, values in state.filters.items() if name != "agent"}
    by_model = Wanted(
        dimension="model",
        metrics=_BY_MODEL,
        title="By model",
        to="/exchanges",
        name="models",
        searchable=False,
    )
    above = dict.fromkeys((*(name for name, _ in _TILES), *(name for name, _ in _KINDS), "tokens"))
    found = ask_together(desk, by_model, tuple(above))
    completeness = found.by_group.completeness
    made = tiles_of(
        [(name, title, "") for name, title in _TILES], found.by_time, found.totals_before
    )
    return Content(
        title=", ".join("No agent given" if name == NONE else name for name in names) or "Agent",
        subtitle="" if names else "Every agent together: choose one under Agents.",
        parents=(("Agents", "/agents" + state.query_string(filters=others, metric="")),),
        tiles=made,
        choices=[measure_choice(desk, state.metric or "cost", (*_MEASURES, *_MEASURES_MORE))],
        tables=[
            table_of(desk, by_model, found.by_group, found.before),
            _kinds_table(found.by_time.totals),
            _endings_table(desk),
        ],
        completeness=dict(completeness),
        never_called=not completeness["exchanges"] and not others,
    )


def late(desk: Desk) -> list[Table]:
    """What reads single calls or their charges; of all agents together that would be everything."""
    if not desk.state.filters.get("agent"):
        return []
    return [_charges_table(desk), _loops_table(desk), costliest_table(desk, _DEAREST)]


def charts(desk: Desk) -> tuple[Chart, ...]:
    """The chosen measure by model, and how large its prompts are."""
    metric = desk.state.metric or "cost"
    drawn = over_time(desk, ("model",), metric)
    if metric == "input_tokens_p50":
        return (drawn,)
    prompts = over_time(desk, (), "input_tokens_p95", name="prompts")
    return drawn, replace(prompts, title="How large its prompts are (95th percentile)")


def _endings_table(desk: Desk) -> Table:
    endings = Wanted(
        dimension="outcome",
        metrics=("exchanges", "cost"),
        title="How its calls ended",
        to="/exchanges",
        name="outcomes",
        searchable=False,
    )
    return replace(group_table(desk, endings)[0], half=True)


def _kinds_table(totals: Mapping[str, Any]) -> Table:
    """Tokens by kind; what is part of another kind says so and is not in the total."""
    whole = sum(totals[name] for name, part in _KINDS if not part)
    rows = []
    for name, part in _KINDS:
        title = name.removesuffix("_tokens").replace("_", " ").capitalize()
        within = totals[part] if part else whole
        share = round(Decimal(totals[name]) / within, 6) if within else None
        words = "-" if share is None else f"{share * 100:.1f} %{' of input' if part else ''}"
        bar = None if share is None else float(share)
        rows.append(
            [
                Cell(f"of it {title.lower()}" if part else title, name),
                figure(totals[name], "tokens"),
                Cell(words, share, share=bar),
            ]
        )
    return Table(
        name="tokens",
        title="Tokens by kind",
        columns=(
            Column("kind", "Kind"),
            Column("tokens", "Tokens", figures=True),
            Column("share", "Share", figures=True),
        ),
        rows=rows,
        totals=[word("Total"), figure(whole, "tokens"), Cell("", None)],
        half=True,
    )


def _charges_table(desk: Desk) -> Table:
    found = find_charges(desk.state.question(desk.span), desk.ask, desk.reports.select)
    whole = found.ledger.totals["cost"]
    rows = [
        _charge_row(one.unit.replace("_", " "), one.unit, one.quantity, one.cost, whole)
        for one in found.units
    ]
    if found.without_charges:
        rows.append(_charge_row("not told", None, None, found.without_charges, whole))
    titles = (("quantity", "Quantity"), ("cost", "Cost"), ("share", "Share"))
    columns = tuple(Column(name, title, figures=True) for name, title in titles)
    return Table(
        name="charges",
        title="What the money was for",
        columns=(Column("unit", "Unit"), *columns),
        rows=rows,
        totals=[word("Total"), Cell("", None), figure(whole, "USD"), Cell("", None)],
        empty="None of these calls was charged for.",
    )


def _charge_row(title: str, unit: Any, quantity: Any, cost: Decimal, whole: Any) -> list[Cell]:
    share = round(cost / whole, 6) if whole else None
    amount = "" if quantity is None else f"{quantity.normalize():,f}"
    return [
        Cell(title.capitalize(), unit),
        Cell(amount, quantity),
        figure(cost, "USD"),
        Cell("-" if share is None else f"{share * 100:.1f} %", share, share=_bar(share)),
    ]


def _bar(share: Decimal | None) -> float | None:
    return None if share is None else float(share)


def _loops_table(desk: Desk) -> Table:
    question = desk.state.question(desk.span, group_by=("model", "token"))
    found = [one for one in find_loops(question, desk.reports.select) if one.steps]
    names = desk.token_names() if found else {}
    titles = (
        ("rising", "Prompts that grow"),
        ("longest_run", "Longest run"),
        ("runs", "Runs"),
        ("loop_calls", "Calls in runs"),
        ("loop_cost", "Cost of runs"),
        ("grown_tokens", "Tokens grown"),
    )
    columns = tuple(Column(name, title, figures=True) for name, title in titles)
    return Table(
        name="loops",
        title="Does it feed itself?",
        columns=(Column("model", "Model"), Column("token", "Token"), *columns),
        rows=[_loop_row(desk, one, names) for one in found],
        note=f"A run is {LEAST_CALLS} calls or more in a row, each with a larger prompt than the "
        "one before: an agent in a loop sends its own answers along. By chance about half of "
        "all prompts grow.",
        empty="No two calls came close enough after each other to tell.",
    )


def _loop_row(desk: Desk, one: LoopLikeness, names: Mapping[str, str]) -> list[Cell]:
    model, token = one.keys
    suspicious = one.runs > 0 and one.rising is not None and one.rising > 0.6
    filters = desk.state.only(model=model, token=token)
    return [
        word(model, href="/exchanges" + desk.state.query_string(filters=filters)),
        Cell(names.get(token, token), token, tone="quiet"),
        figure(one.rising, "ratio", tone="bad" if suspicious else ""),
        figure(one.longest_run, METRICS["exchanges"].unit),
        figure(one.runs, "runs"),
        figure(one.loop_calls, "exchanges"),
        figure(one.loop_cost, "USD"),
        figure(one.grown_tokens, "tokens"),
    ]
