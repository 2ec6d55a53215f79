"""How the gateway is, as one value: processes, journal, ledger, prices.

Instants and ages are integers in microseconds, sizes in bytes; None = not known, or never.
Counterpart: `control/system_health` looks, `admin/` and the dashboard show.
"""

import msgspec


class WorkerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One connected gateway worker, by what it last said of itself."""

    worker: int
    policy_version: int
    heard_at_us: int
    exchanges: int
    live_exchanges: int
    open_connections: int
    journal_pending_bytes: int
    journal_failing: bool


class SystemHealth(msgspec.Struct, frozen=True, kw_only=True):
    """All of it at one instant; `problems` are empty where it is well.

    `journal_lag_us` is the age of the oldest sealed segment that waits for the ledger, 0 where
    none waits: rows older than that are in every figure.
    """

    at_us: int
    version: str
    node: str
    started_at_us: int
    problems: list[str]
    workers_expected: int
    workers: list[WorkerHealth]
    policy_version: int
    journal_segments_waiting: int
    journal_lag_us: int
    journal_rows_dropped: int
    ledger_failure: str | None
    ledger_exchanges: int
    ledger_bytes: int
    ledger_last_started_at_us: int | None
    ledger_loaded_at_us: int | None
    rows_rejected: int
    rows_interrupted: int
    control_bytes: int
    free_bytes: int
    prices_as_of: str
    prices_age_days: int
    prices_stale: bool
