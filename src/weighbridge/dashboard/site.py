"""The dashboard's pages as one declared list.

Rules for future edits: a page is a line here; navigation, keyboard, routes and tests read this
list. Counterpart: `router` serves it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Chart, Content, Table
from weighbridge.dashboard.errands import Act
from weighbridge.dashboard.first_call import make_first
from weighbridge.dashboard.pages import (
    alert_forms,
    alerts,
    breakdown,
    budget,
    budget_forms,
    budgets,
    exchanges,
    labels,
    models,
    one_agent,
    one_exchange,
    overview,
    prices,
    rate_limit_forms,
    rate_limits,
    series,
    waste,
    what_if,
)
from weighbridge.dashboard.settings import (
    account,
    audit,
    keys,
    one_token,
    people,
    policy,
    rates,
    system,
    tokens,
)

Charts = Callable[[Desk], tuple[Chart, ...]]
Late = Callable[[Desk], list[Table]]


def no_charts(_desk: Desk) -> tuple[Chart, ...]:
    """A page without pictures."""
    return ()


def nothing_late(_desk: Desk) -> list[Table]:
    """No table follows."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An address (one part may be `{name}`), what builds it, and its place in the navigation.

    `group` is the heading that it stands under, empty for pages that only links lead to, which are
    `under` one that has a group; `key` goes there after `g`; `role` is the least that may open it,
    `act_role` the least that may send it a form, where `act` takes any; `ranged` says whether it
    has a range of time to choose, `named_by` which filter's values are its heading, `heading`
    finds what a `{name}` is called. `late` gives tables that follow when the page is there, for
    they take long or matter less.
    """

    path: str
    title: str
    build: Callable[[Desk], Content]
    charts: Charts = no_charts
    late: Late = nothing_late
    group: str = ""
    under: str = ""
    key: str = ""
    role: Role = Role.VIEWER
    act: Act | None = None
    act_role: Role = Role.ADMIN
    template: str = "page.html"
    ranged: bool = True
    named_by: str = ""
    heading: Callable[[Sources, str], str] | None = None


SETTINGS: Final = (
    Page(
        path="/settings/tokens",
        title="Tokens",
        build=tokens.tokens,
        act=tokens.make_token,
        act_role=Role.EDITOR,
        group="Settings",
        key="s",
        ranged=False,
    ),
    Page(
        path="/settings/tokens/{name}",
        title="Token",
        under="/settings/tokens",
        build=one_token.one_token,
        heading=one_token.heading,
        act=one_token.act_on_token,
        act_role=Role.EDITOR,
        ranged=False,
    ),
    Page(
        path="/settings/policy",
        title="Policy",
        build=policy.policy,
        act=policy.change_policy,
        role=Role.EDITOR,
        group="Settings",
        key="c",
        ranged=False,
    ),
    Page(
        path="/settings/rates",
        title="Negotiated rates",
        build=rates.rates,
        act=rates.state_rates,
        group="Settings",
        key="r",
        ranged=False,
    ),
    Page(
        path="/settings/rates/{name}",
        title="Negotiated rates",
        under="/settings/rates",
        build=rates.one_rate,
        heading=rates.heading,
        act=rates.act_on_rate,
        ranged=False,
    ),
    Page(
        path="/settings/people",
        title="People",
        build=people.people,
        act=people.add_person,
        role=Role.ADMIN,
        group="Settings",
        key="u",
        ranged=False,
    ),
    Page(
        path="/settings/people/{name}",
        title="Person",
        under="/settings/people",
        build=people.one_person,
        heading=people.heading,
        act=people.act_on_person,
        role=Role.ADMIN,
        ranged=False,
    ),
    Page(
        path="/settings/keys",
        title="API keys",
        build=keys.keys,
        act=keys.make_key,
        role=Role.ADMIN,
        group="Settings",
        key="i",
        ranged=False,
    ),
    Page(
        path="/settings/keys/{name}",
        title="API key",
        under="/settings/keys",
        build=keys.one_key,
        heading=keys.heading,
        act=keys.act_on_key,
        role=Role.ADMIN,
        ranged=False,
    ),
    Page(
        path="/settings/audit",
        title="Audit log",
        build=audit.audit,
        role=Role.ADMIN,
        group="Settings",
        key="j",
        ranged=False,
    ),
    Page(
        path="/settings/system",
        title="System health",
        build=system.system,
        role=Role.EDITOR,
        group="Settings",
        key="h",
        ranged=False,
    ),
    Page(
        path="/settings/account",
        title="Your account",
        build=account.account,
        act=account.act_on_account,
        act_role=Role.VIEWER,
        group="Settings",
        key="y",
        ranged=False,
    ),
)
PAGES: Final = (
    Page(
        path="/overview",
        title="Overview",
        build=overview.overview,
        act=make_first,
        act_role=Role.EDITOR,
        charts=overview.charts,
        late=overview.late,
        group="Spend",
        key="o",
    ),
    Page(
        path="/series",
        title="Time series",
        build=series.series,
        charts=series.charts,
        group="Spend",
        key="t",
    ),
    Page(
        path="/agents",
        title="Agents",
        build=breakdown.agents,
        charts=breakdown.agents_charts,
        group="Spend",
        key="a",
    ),
    Page(
        path="/agents/one",
        title="All agents",
        under="/agents",
        build=one_agent.one_agent,
        charts=one_agent.charts,
        late=one_agent.late,
        named_by="agent",
    ),
    Page(
        path="/departments",
        title="Departments",
        build=breakdown.departments,
        charts=breakdown.departments_charts,
        group="Spend",
        key="d",
    ),
    Page(
        path="/projects",
        title="Projects",
        build=breakdown.projects,
        charts=breakdown.projects_charts,
        group="Spend",
        key="p",
    ),
    Page(
        path="/models",
        title="Models",
        build=models.models,
        charts=models.charts,
        group="Spend",
        key="m",
    ),
    Page(path="/what-if", title="What if", build=what_if.what_if, group="Spend", key="w"),
    Page(
        path="/labels",
        title="Labels",
        build=labels.labels,
        charts=labels.charts,
        group="Spend",
        key="k",
    ),
    Page(path="/exchanges", title="Exchanges", build=exchanges.exchanges, group="Calls", key="e"),
    Page(
        path="/exchanges/{name}",
        title="Exchange",
        under="/exchanges",
        build=one_exchange.one_exchange,
        ranged=False,
    ),
    Page(
        path="/waste",
        title="Errors and waste",
        build=waste.waste,
        charts=waste.charts,
        late=waste.late,
        group="Calls",
        key="x",
    ),
    Page(
        path="/budgets",
        title="Budgets",
        build=budgets.budgets,
        act=budget_forms.make_budget,
        act_role=Role.EDITOR,
        group="Spend",
        key="b",
        ranged=False,
    ),
    Page(
        path="/budgets/{name}",
        title="Budget",
        under="/budgets",
        build=budget.one_budget,
        act=budget_forms.act_on_budget,
        act_role=Role.EDITOR,
        charts=budget.charts,
        heading=budget.heading,
        ranged=False,
    ),
    Page(
        path="/limits",
        title="Rate limits",
        build=rate_limits.rate_limits,
        act=rate_limit_forms.make_limit,
        act_role=Role.EDITOR,
        group="Spend",
        key="q",
        ranged=False,
    ),
    Page(
        path="/limits/{name}",
        title="Rate limit",
        under="/limits",
        build=rate_limits.one_limit,
        heading=rate_limits.heading,
        act=rate_limit_forms.act_on_limit,
        act_role=Role.EDITOR,
        ranged=False,
    ),
    Page(
        path="/alerts",
        title="Alerts",
        build=alerts.alerts,
        act=alert_forms.add_channel,
        group="Spend",
        key="n",
        ranged=False,
    ),
    Page(
        path="/channels/{name}",
        title="Channel",
        under="/alerts",
        build=alerts.one_channel,
        act=alert_forms.act_on_channel,
        act_role=Role.EDITOR,
        heading=alerts.heading,
        ranged=False,
    ),
    Page(
        path="/prices",
        title="Supported models",
        build=prices.prices,
        group="Reference",
        key="l",
        ranged=False,
        named_by="model",
    ),
    *SETTINGS,
)
