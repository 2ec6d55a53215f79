"""System health: is it well, how fresh are the figures, how much room is left."""

from typing import Final

from weighbridge.core.clock import from_unix_us
from weighbridge.core.system_health import SystemHealth, WorkerHealth
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, Tile, word
from weighbridge.dashboard.forms import Notice
from weighbridge.dashboard.settings.words import instant_s

_US: Final = 1_000_000
_LATE_US: Final = 5 * _US
_FULL_BYTES: Final = 2_000_000_000
_UNITS: Final = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_COLUMNS: Final = (
    Column("worker", "Worker"),
    Column("policy", "Policy"),
    Column("exchanges", "Calls ended", figures=True),
    Column("live", "Live now", figures=True),
    Column("connections", "Connections", figures=True),
    Column("pending", "Waiting for the disk", figures=True),
    Column("heard", "Heard of"),
)


def system(desk: Desk) -> Content:
    """Everything that tells how the gateway is."""
    health = desk.sources.administration.system.look()
    zone = desk.state.zone
    problems = _problems(health)
    return Content(
        title="System health",
        subtitle=f"Weighbridge {health.version} on {health.node}.",
        notice=Notice(text=". ".join(problems), tone="bad") if problems else None,
        tiles=_tiles(health, problems),
        facts=[
            ("Newest call began", instant_s(health.ledger_last_started_at_us, zone)),
            (
                "Ledger last took rows",
                instant_s(health.ledger_loaded_at_us, zone, "not yet"),
            ),
            ("Control process began", instant_s(health.started_at_us, zone)),
            ("Rows made for interrupted calls", _count(health.rows_interrupted)),
            ("Journal lines set aside", _count(health.rows_rejected)),
            ("Rows given up", _count(health.journal_rows_dropped)),
            ("Control database", _bytes(health.control_bytes)),
            ("Prices last checked", word(health.prices_as_of)),
        ],
        tables=[
            Table(
                name="workers",
                title="Gateway workers",
                columns=_COLUMNS,
                rows=[_row(worker, health) for worker in health.workers],
                empty="No worker is connected.",
            )
        ],
    )


def _tiles(health: SystemHealth, problems: list[str]) -> list[Tile]:
    connected = len(health.workers)
    lag_s = health.journal_lag_us / _US
    return [
        Tile(
            name="state",
            title="State",
            text="needs a look" if problems else "well",
            value="; ".join(problems) or "well",
        ),
        Tile(
            name="workers",
            title="Workers",
            text=f"{connected} of {health.workers_expected}",
            value=connected,
        ),
        Tile(
            name="lag",
            title="Ledger behind by",
            text=f"{lag_s:.1f} s" if health.journal_segments_waiting else "nothing",
            value=health.journal_lag_us,
        ),
        Tile(
            name="exchanges",
            title="Calls in the ledger",
            text=f"{health.ledger_exchanges:,}",
            value=health.ledger_exchanges,
        ),
        Tile(
            name="bytes",
            title="Ledger on disk",
            text=_size(health.ledger_bytes),
            value=health.ledger_bytes,
        ),
        Tile(
            name="free",
            title="Room left",
            text=_size(health.free_bytes),
            value=health.free_bytes,
        ),
        Tile(
            name="prices",
            title="Age of prices",
            text=f"{health.prices_age_days} days",
            value=health.prices_age_days,
            href="/prices",
        ),
    ]


def _problems(health: SystemHealth) -> list[str]:
    """What wants a look, in plain words."""
    found = list(health.problems)
    if health.journal_lag_us > _LATE_US:
        found.append(f"the ledger is {health.journal_lag_us / _US:.0f} s behind the journal")
    found += [
        f"worker {worker.worker} cannot write its journal"
        for worker in health.workers
        if worker.journal_failing
    ]
    if health.journal_rows_dropped:
        found.append(f"{health.journal_rows_dropped:,} rows were given up")
    if health.free_bytes < _FULL_BYTES:
        found.append(f"only {_size(health.free_bytes)} are left on the data folder's disk")
    if health.prices_stale:
        found.append(f"the prices were last checked {health.prices_age_days} days ago")
    return [text[:1].upper() + text[1:] for text in found]


def _row(worker: WorkerHealth, health: SystemHealth) -> list[Cell]:
    current = worker.policy_version == health.policy_version
    heard_s = (health.at_us - worker.heard_at_us) / _US
    return [
        Cell(f"worker {worker.worker}", worker.worker),
        Cell(
            "in force" if current else f"version {worker.policy_version}",
            worker.policy_version,
            tone="good" if current else "bad",
        ),
        _count(worker.exchanges),
        _count(worker.live_exchanges),
        _count(worker.open_connections),
        _bytes(worker.journal_pending_bytes),
        Cell(f"{max(heard_s, 0):.0f} s ago", from_unix_us(worker.heard_at_us)),
    ]


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", number)


def _bytes(number: int) -> Cell:
    return Cell(_size(number), number)


def _size(number: int) -> str:
    """Bytes as people write them: `3.4 GB`."""
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:,} B"
