"""Figures asked in two steps: sums at once, percentiles in a second request.

Hides which metrics take long. Sums are added up as rows are read; a percentile holds every row's
value and takes several times as long, so a page that has both is there sooner without them
(`Desk.sums_only`), and what it left out is drawn as waiting. The second request asks the sums
again, which are answered from what was asked a moment ago, and the percentiles besides.

Rules for future edits: a group beyond a query's limit is in `(other)`, percentiles too, so the
limit is left out only where no group is beyond it; leaving it out spares a join of every row.
"""

from dataclasses import replace
from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.result import QueryResult, is_rest

WAITING: Final = Cell("…", None, tone="quiet", waiting=True)


def asked(desk: Desk, question: CostQuery) -> QueryResult:
    """The answer; where percentiles are left for later, it has none of their columns."""
    sums, spreads = parted(question.metrics)
    found = desk.ask(replace(question, metrics=sums))
    if not spreads or desk.sums_only:
        return found
    if _has_rest(found):
        return found.beside(desk.ask(_ranked(question, spreads)))
    alone = replace(question, metrics=spreads, order_by=None, limit=None)
    return found.beside(desk.ask_alone(alone))


def asked_apart(
    desk: Desk, question: CostQuery, of_groups: tuple[str, ...], *, spreads_by_time: bool = True
) -> tuple[QueryResult, QueryResult]:
    """The answers by group and by bucket; percentiles by group are those `of_groups` alone.

    Takes: whether percentiles are asked by bucket too, where they are by group. If not, the answer
    by bucket has their totals and no column of them.
    """
    sums, spreads = parted(question.metrics)
    by_group, by_time = desk.reports.run_apart(replace(question, metrics=sums), desk.now)
    if not spreads or desk.sums_only:
        return by_group, by_time
    if not set(spreads) & set(of_groups):
        of_time = replace(question, group_by=(), limit=None, order_by=None, metrics=spreads)
        return by_group, by_time.beside(desk.ask_alone(of_time))
    ranked = _has_rest(by_group)
    alone = replace(question, metrics=spreads, order_by=None, limit=None)
    more = _ranked(question, spreads) if ranked else alone
    if not spreads_by_time:
        whole = replace(more, granularity="none")
        found = desk.ask(whole) if ranked else desk.ask_alone(whole)
        return by_group.beside(found), by_time.with_totals(found.totals)
    groups, buckets = desk.reports.run_apart(more, desk.now, alone=not ranked)
    return by_group.beside(groups), by_time.beside(buckets)


def parted(metrics: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Metrics that are added up, and percentiles; there is always one that is added up."""
    sums = tuple(name for name in metrics if METRICS[name].percentile is None)
    spreads = tuple(name for name in metrics if METRICS[name].percentile is not None)
    return sums or ("exchanges",), spreads


def _has_rest(found: QueryResult) -> bool:
    return any(is_rest(found.query, row) for row in found.rows)


def _ranked(question: CostQuery, spreads: tuple[str, ...]) -> CostQuery:
    """Percentiles of the groups that the question's limit keeps, and of the others together."""
    name, descending = question.order
    return replace(question, metrics=spreads, order_by=f"-{name}" if descending else name)
