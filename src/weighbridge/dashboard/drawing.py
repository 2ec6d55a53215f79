"""Pages as HTML: the templates with everything that they are given.

A page is drawn in two steps, for its frame needs no ledger: a template writes `until_built` where
it first needs `built.content`, and what stands before that can be sent ahead.
Rules for future edits: autoescape stays on; templates compute nothing, they only place what
`Content` and `State` say; no attribute `style` and no inline script, which the CSP refuses.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from weighbridge.core.clock import to_unix_us
from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Visit
from weighbridge.dashboard.assets import VEGA, Assets
from weighbridge.dashboard.content import Chart, Content, Table
from weighbridge.dashboard.ranges import PRESETS
from weighbridge.dashboard.site import PAGES, Page, no_charts, nothing_late
from weighbridge.dashboard.state import State
from weighbridge.errors import WeighbridgeError
from weighbridge.reports.dimensions import COLUMN_OF
from weighbridge.reports.query import QueryError

_MARK: Final = Markup("<!--built-->")
_THEMES: Final = ("dark", "light")
_ZONES: Final = (
    "UTC",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Athens",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
# Parts of the state that the bar's own fields write.
_IN_THE_BAR: Final = frozenset({"range", "since", "until", "zone", "page", "cursor", "search"})


# Each in the words for many and for one.
_UNKNOWNS: Final = (
    ("unpriced", "pricing_status", "have no price in force", "has no price in force"),
    ("unmetered", "pricing_status", "have unknown usage", "has unknown usage"),
    (
        *("partial", "usage_source"),
        "were cut short, so their cost is a lower bound",
        "was cut short, so its cost is a lower bound",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around a page: whose visit, its address, its theme, what it is about."""

    page: Page
    path: str
    theme: str
    visit: Visit
    heading: str


@dataclass(slots=True)
class Built:
    """What a template may use after its mark; `rest` asks for the page with all its figures."""

    content: Content = field(default_factory=lambda: Content(title=""))
    charts: Sequence[Chart] = ()
    rest: str = ""
    unknowns: Sequence[tuple[str, str]] = ()


class Drawing:
    """The templates, loaded once."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=PackageLoader("weighbridge.dashboard"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "asset": assets.path,
            "no_charts": no_charts,
            "nothing_late": nothing_late,
            "vega": assets.path(VEGA),
            "dimensions": sorted(COLUMN_OF),
            "presets": PRESETS,
            "zones": _ZONES,
        }

    def __repr__(self) -> str:
        return "<Drawing>"

    def begin(self, frame: Frame, state: State, now: datetime) -> "Drawn":
        """A page whose content is not known yet.

        Errors: `QueryError` where the state has no range.
        """
        kept = [(name, value) for name, value in state.params() if name not in _IN_THE_BAR]
        chips = [
            (name, value, state.query_string(filters=state.without(name, value)))
            for name, values in state.filters.items()
            for value in values
        ]
        built = Built()
        pieces = self._generate(
            frame.page.template,
            frame,
            built=built,
            heading=", ".join(state.filters.get(frame.page.named_by, ())) or frame.heading,
            until_built=_MARK,
            state=state,
            kept=kept,
            searched=[*kept, *_of(state, {"range", "since", "until", "zone"})],
            chips=chips,
            carried=_carried(state),
            as_of=f"{now.astimezone(state.question(state.span(now)).zone):%H:%M:%S}",
        )
        return Drawn(pieces, built, state, to_unix_us(now))

    def tables(self, page: Page, state: State, tables: Sequence[Table]) -> str:
        """Tables that follow a page."""
        return self._environment.get_template("late.html").render(
            path=page.path, state=state, tables=tables
        )

    def failure(self, error: QueryError | WeighbridgeError) -> str:
        """The end of a page that was begun and cannot be finished."""
        told = error.problems if isinstance(error, QueryError) else [error.message]
        return self._environment.get_template("failure.html").render(problems=told)

    def refusal(self, frame: Frame, problems: list[str]) -> str:
        """A page that says what is wrong with its address."""
        return "".join(self._generate("refusal.html", frame, problems=problems, carried=""))

    def _generate(self, name: str, frame: Frame, **given: Any) -> Iterator[str]:
        who = frame.visit.principal
        return self._environment.get_template(name).generate(
            page=frame.page,
            path=PAGES[0].path if frame.path == "/" else frame.path,
            theme=frame.theme if frame.theme in _THEMES else "",
            navigation=_navigation(who.role),
            who=who,
            csrf=frame.visit.csrf,
            **given,
        )


class Drawn:
    """A page half drawn: `head` is what needs no content."""

    def __init__(self, pieces: Iterator[str], built: Built, state: State, now_us: int) -> None:
        self._now_us = now_us
        self._pieces = pieces
        self._built = built
        self._state = state
        self.head = "".join(itertools.takewhile(lambda piece: _MARK not in piece, pieces))

    def __repr__(self) -> str:
        return f"<Drawn {len(self.head)} letters of head>"

    def finish(self, content: Content, charts: Sequence[Chart]) -> str:
        """All that follows the head."""
        self._built.content, self._built.charts = content, charts
        if content.unfinished:
            link = self._state.query_string()
            self._built.rest = f"{link}{'&' if link else '?'}whole={self._now_us}"
        self._built.unknowns = _unknowns(self._state, content)
        return "".join(self._pieces)


def _navigation(role: Role) -> list[tuple[str, list[Page]]]:
    """The pages that a role may open, under their headings, in the order of the list."""
    groups: dict[str, list[Page]] = {}
    for page in PAGES:
        if page.group and role.includes(page.role):
            groups.setdefault(page.group, []).append(page)
    return list(groups.items())


def _of(state: State, names: set[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in state.params() if name in names]


def _carried(state: State) -> str:
    """What the navigation takes along to another page: range, zone, and filters."""
    return state.query_string(by=(), metric="", sort="", search="", granularity="", at="")


def _unknowns(state: State, content: Content) -> list[tuple[str, str]]:
    """What the figures know nothing or not all of, each leading to those calls."""
    found = []
    for name, dimension, many, one in _UNKNOWNS:
        if count := content.completeness.get(name, 0):
            filters = state.only(**{dimension: name})
            href = "/exchanges" + state.query_string(filters=filters, by=(), sort="", metric="")
            found.append((f"{count:,} {one if count == 1 else many}", href))
    return found
