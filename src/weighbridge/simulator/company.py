"""Nordhafen Freight, a company that does not exist, and what its agents do with Gemini.

Six departments, their projects and agents, each with a habit: which models, how large, when,
how often it fails. One agent runs away, two allow their answers too few tokens, one script
attributes nothing and sometimes asks for a model that has no price, and some agents work on
Vertex: with labels, Imagen, Claude, old embeddings. One reads its documents in a batch each
night; a few budgets watch them.
Rules for future edits: data only; `draws` makes calls of it, `backfill` weeks of history,
`traffic` live ones.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

OFFICE = "office"
NIGHT = "night"
ALWAYS = "always"

# Share of full activity by hour of the day (UTC).
HOURS: dict[str, tuple[float, ...]] = {
    OFFICE: (
        .02, .02, .02, .02, .03, .08, .3, .7, 1, 1, .95, .7, .6, .9, 1, .95, .8, .5, .25, .12,
        .08, .05, .04, .03,
    ),
    NIGHT: (1, 1, 1, .8, .5) + (.05,) * 16 + (.2, .6, .9),
    ALWAYS: (.6,) * 6 + (.8, .9) + (1.0,) * 10 + (.8,) * 6,
}  # fmt: skip
WEEKEND_SHARE: dict[str, float] = {OFFICE: 0.12, NIGHT: 1.0, ALWAYS: 0.75}


class Size(msgspec.Struct, frozen=True):
    """A log-normal count of tokens: half the calls are below `median`."""

    median: int
    spread: float = 0.6


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's habit.

    `team` names its tracking token, whose defaults carry the department and project; shares
    are of calls, except `prefix`, the part of a prompt that repeats from call to call. `growth`
    multiplies the prompt per day since the runaway began. `most_output` is what the program lets
    an answer have, thinking and all. A workload with a `location` calls
    Vertex, whose bodies carry its `labels`; `requests` is how many a batch holds.
    """

    team: str
    agent: str | None
    models: dict[str, int]
    prompt: Size
    output: Size = Size(180)
    thinking: Size | None = None
    media: dict[str, int] = {}
    calls_per_hour: float = 20
    rhythm: str = OFFICE
    operation: str = "generateContent"
    streamed: float = 0.0
    prefix: float = 0.0
    searching: float = 0.0
    calling: float = 0.0
    tier: str = "standard"
    errors: float = 0.01
    leaving: float = 0.0
    blocked: float = 0.0
    picture: bool = False
    location: str | None = None
    publisher: str = "google"
    most_output: int = 8192
    requests: int = 1
    labels: dict[str, str] = {}
    growth: float = 1.0


class TokenWish(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking token that the demo needs, with its defaults."""

    name: str
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}


TOKENS: tuple[TokenWish, ...] = (
    TokenWish(name="helpdesk", department="customer-care", project="helpdesk"),
    TokenWish(name="voice", department="customer-care", project="voice"),
    TokenWish(name="routing", department="logistics", project="routing"),
    TokenWish(name="customs", department="logistics", project="customs"),
    TokenWish(
        name="platform", department="engineering", project="platform", labels={"tier": "internal"}
    ),
    TokenWish(name="campaigns", department="marketing", project="campaigns"),
    TokenWish(name="ledgers", department="finance", project="ledgers"),
    TokenWish(name="papers", department="research", project="papers"),
    TokenWish(name="old-script"),
)

RUNAWAY = "incident-digger"

WORKLOADS: tuple[Workload, ...] = (
    Workload(
        team="helpdesk", agent="ticket-triage", models={"gemini-3.5-flash-lite": 1},
        prompt=Size(700), output=Size(40), calls_per_hour=120, rhythm=ALWAYS, calling=0.7,
        labels={"env": "prod"},
    ),
    Workload(
        team="helpdesk", agent="reply-writer", models={"gemini-3.8-flash": 5,
        "gemini-2.5-flash": 1}, prompt=Size(5200, 0.4), output=Size(260), thinking=Size(300),
        calls_per_hour=60, streamed=0.9, prefix=0.85, leaving=0.03, blocked=0.01,
        most_output=1200, labels={"env": "prod"},
    ),
    Workload(
        team="voice", agent="call-summariser", models={"gemini-2.5-flash": 1},
        prompt=Size(350), media={"AUDIO": 7600}, output=Size(320), thinking=Size(150),
        calls_per_hour=18,
    ),
    Workload(
        team="routing", agent="route-planner", models={"gemini-3.1-pro-preview": 3,
        "gemini-3.8-flash": 1}, prompt=Size(9000), output=Size(420), thinking=Size(1300),
        calls_per_hour=22, calling=0.5, prefix=0.6, errors=0.02,
    ),
    Workload(
        team="routing", agent="dock-camera", models={"gemini-2.5-flash-lite": 1},
        prompt=Size(120), media={"IMAGE": 258}, output=Size(35), calls_per_hour=90,
        rhythm=ALWAYS,
    ),
    Workload(
        team="customs", agent="declaration-reader", models={"gemini-3.6-flash": 1},
        prompt=Size(800), media={"DOCUMENT": 2300}, output=Size(700), thinking=Size(400),
        calls_per_hour=25, labels={"env": "prod", "country": "de"},
    ),
    Workload(
        team="platform", agent="code-assistant", models={"gemini-4-argon": 2,
        "gemini-3.1-pro-preview": 2, "gemini-3.8-flash": 1}, prompt=Size(26_000, 0.7),
        output=Size(600, 0.9), thinking=Size(900), calls_per_hour=45, streamed=1.0, prefix=0.9,
        calling=0.4, leaving=0.05, labels={"env": "dev"},
    ),
    Workload(
        team="platform", agent="review-bot", models={"gemini-3.8-flash": 1},
        prompt=Size(14_000, 0.8), output=Size(350), thinking=Size(700), calls_per_hour=14,
        tier="flex", most_output=1600, labels={"env": "ci"},
    ),
    Workload(
        team="platform", agent=RUNAWAY, models={"gemini-3.1-pro-preview": 1},
        prompt=Size(7000, 0.3), output=Size(500), thinking=Size(800), calls_per_hour=9,
        rhythm=ALWAYS, growth=1.7, errors=0.03, labels={"env": "prod"},
    ),
    Workload(
        team="campaigns", agent="copy-writer", models={"gemini-3.8-flash": 3,
        "gemini-2.5-pro": 1}, prompt=Size(900), output=Size(550), thinking=Size(350),
        calls_per_hour=20, streamed=0.6, blocked=0.02,
    ),
    Workload(
        team="campaigns", agent="image-studio", models={"gemini-2.5-flash-image": 1},
        prompt=Size(90), output=Size(30), calls_per_hour=8, picture=True, blocked=0.04,
    ),
    Workload(
        team="campaigns", agent="trend-scout", models={"gemini-3.5-flash": 1},
        prompt=Size(200), output=Size(450), thinking=Size(250), calls_per_hour=10, searching=0.9,
    ),
    Workload(
        team="ledgers", agent="invoice-reader", models={"gemini-3.1-flash-lite": 1},
        prompt=Size(500), media={"DOCUMENT": 1032}, output=Size(300), calls_per_hour=90,
        rhythm=NIGHT, labels={"cost-centre": "4711"},
    ),
    Workload(
        team="ledgers", agent="forecast", models={"gemini-2.5-pro": 1},
        prompt=Size(60_000, 0.9), output=Size(900), thinking=Size(2500), calls_per_hour=3,
        tier="priority",
    ),
    Workload(
        team="papers", agent="paper-digest", models={"gemini-2.5-pro": 1},
        prompt=Size(120_000, 0.6), output=Size(1200), thinking=Size(1500), calls_per_hour=4,
        location="europe-west1", labels={"team": "reading-group"},
    ),
    Workload(
        team="papers", agent="embedder", models={"gemini-embedding-2": 1}, prompt=Size(1800),
        operation="batchEmbedContents", calls_per_hour=60, rhythm=NIGHT,
    ),
    Workload(
        team="papers", agent="archive-indexer", models={"text-embedding-005": 1},
        prompt=Size(600), operation="predict", calls_per_hour=24, rhythm=NIGHT,
        location="europe-west1", labels={"team": "archive"},
    ),
    Workload(
        team="campaigns", agent="poster-maker", models={"imagen-4.0-generate-001": 1},
        prompt=Size(60), operation="predict", calls_per_hour=5, location="europe-west1",
        labels={"campaign": "harbour-days", "env": "prod"},
    ),
    Workload(
        team="routing", agent="second-opinion", models={"claude-sonnet-4-5@20250929": 1},
        prompt=Size(4000), output=Size(500), operation="rawPredict", calls_per_hour=6,
        location="europe-west1", publisher="anthropic",
    ),
    Workload(
        team="ledgers", agent="night-audit", models={"gemini-2.5-flash-lite": 1},
        prompt=Size(900), output=Size(120), operation="batchGenerateContent", requests=40,
        calls_per_hour=4, rhythm=NIGHT, labels={"cost-centre": "4711"},
    ),
    Workload(
        team="old-script", agent=None, models={"gemini-2.0-flash": 9,
        "gemini-nightly-preview": 1}, prompt=Size(1500),
        output=Size(200), calls_per_hour=16, rhythm=ALWAYS, errors=0.05,
    ),
)  # fmt: skip


# As the API takes them: a company's frame, a runaway's leash, a team that nears its limit.
BUDGETS: Final[tuple[Mapping[str, object], ...]] = (
    {"name": "All of Gemini", "limit_usd": "1500.00", "period": "month", "action": "alert"},
    {
        "name": "Each agent, a day",
        "limit_usd": "60.00",
        "period": "day",
        "per": "agent",
        "action": "alert",
        "thresholds": [80, 100],
    },
    {
        "name": "Research",
        "limit_usd": "100.00",
        "period": "month",
        "scope": {"department": ["research"]},
        "action": "block",
    },
)


def token_wish(name: str) -> TokenWish:
    """The token of a workload."""
    return next(wish for wish in TOKENS if wish.name == name)


def activity(workload: Workload, hour: int, weekday: int) -> float:
    """Share of its full rate at an hour of a day (0 = Monday)."""
    share = HOURS[workload.rhythm][hour]
    return share * WEEKEND_SHARE[workload.rhythm] if weekday >= 5 else share
