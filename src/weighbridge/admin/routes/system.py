"""`/api/v1/system`: how the gateway is, in figures."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from weighbridge.admin.auth import ServicesOf, Viewer
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any
from weighbridge.core.system_health import SystemHealth, WorkerHealth
from weighbridge.errors import NotAllowedError

router = APIRouter(prefix="/api/v1", tags=["health"], responses=RESPONSES)
_US_PER_MS = 1000


class WorkerDocument(BaseModel):
    """One gateway worker, by what it last said of itself."""

    worker: int = Field(description="Its number, from 0.")
    policy_version: int = Field(description="The policy that is in force there.")
    heard_at: datetime = Field(description="When it last said anything, UTC.")
    exchanges: int = Field(description="Exchanges that it ended since it started.")
    live_exchanges: int = Field(description="Exchanges that run there now.")
    open_connections: int = Field(description="Client connections open there now.")
    journal_pending_bytes: int = Field(description="Rows that wait for its disk.")
    journal_failing: bool = Field(description="Whether its journal cannot be written.")

    @classmethod
    def of(cls, worker: WorkerHealth) -> "WorkerDocument":
        """The document of a worker."""
        return cls(
            worker=worker.worker,
            policy_version=worker.policy_version,
            heard_at=from_unix_us(worker.heard_at_us),
            exchanges=worker.exchanges,
            live_exchanges=worker.live_exchanges,
            open_connections=worker.open_connections,
            journal_pending_bytes=worker.journal_pending_bytes,
            journal_failing=worker.journal_failing,
        )


class JournalDocument(BaseModel):
    """Rows on their way from workers to the ledger."""

    segments_waiting: int = Field(description="Sealed segments that the ledger has not taken.")
    lag_ms: int = Field(description="Age of the oldest of them; 0 = none waits.")
    rows_dropped: int = Field(description="Rows given up while disk and memory bound were full.")
    rows_rejected: int = Field(description="Lines that were no rows, kept in journal/rejected.")
    rows_interrupted: int = Field(description="Rows made for calls that a dead worker left.")


class LedgerDocument(BaseModel):
    """The ledger."""

    failure: str | None = Field(description="Why it takes no rows; null = it does.")
    exchanges: int = Field(description="Its rows.")
    bytes: int = Field(description="Its size on disk.")
    last_exchange_at: datetime | None = Field(description="When its newest exchange began, UTC.")
    last_load_at: datetime | None = Field(
        description="When it last took rows, UTC; null = not since this process began."
    )


class PricesDocument(BaseModel):
    """The price data."""

    as_of: date = Field(description="The day it was last checked against the vendor's pages.")
    age_days: int = Field(description="Days since.")
    stale: bool = Field(description="Whether that is longer than pricing.max_age_days.")


class SystemDocument(BaseModel):
    """How the gateway is."""

    as_of: datetime = Field(description="When it was looked, UTC.")
    version: str = Field(description="Of Weighbridge.")
    node: str = Field(description="What this gateway is called in the ledger.")
    started_at: datetime = Field(description="When the control process began, UTC.")
    problems: list[str] = Field(description="Why it is not ready; empty = it is.")
    workers_expected: int = Field(description="How many gateway workers there should be.")
    workers: list[WorkerDocument] = Field(description="Those that are connected.")
    policy_version: int = Field(description="The policy that workers should have in force.")
    journal: JournalDocument = Field(description="Rows on their way.")
    ledger: LedgerDocument = Field(description="Rows that are there.")
    prices: PricesDocument = Field(description="What they are rated by.")
    control_bytes: int = Field(description="Size of the control database.")
    free_bytes: int = Field(description="Room on the data folder's disk.")

    @classmethod
    def of(cls, health: SystemHealth) -> "SystemDocument":
        """The document of a look."""
        return cls(
            as_of=from_unix_us(health.at_us),
            version=health.version,
            node=health.node,
            started_at=from_unix_us(health.started_at_us),
            problems=health.problems,
            workers_expected=health.workers_expected,
            workers=[WorkerDocument.of(worker) for worker in health.workers],
            policy_version=health.policy_version,
            journal=JournalDocument(
                segments_waiting=health.journal_segments_waiting,
                lag_ms=health.journal_lag_us // _US_PER_MS,
                rows_dropped=health.journal_rows_dropped,
                rows_rejected=health.rows_rejected,
                rows_interrupted=health.rows_interrupted,
            ),
            ledger=LedgerDocument(
                failure=health.ledger_failure,
                exchanges=health.ledger_exchanges,
                bytes=health.ledger_bytes,
                last_exchange_at=from_unix_us_if_any(health.ledger_last_started_at_us),
                last_load_at=from_unix_us_if_any(health.ledger_loaded_at_us),
            ),
            prices=PricesDocument(
                as_of=date.fromisoformat(health.prices_as_of),
                age_days=health.prices_age_days,
                stale=health.prices_stale,
            ),
            control_bytes=health.control_bytes,
            free_bytes=health.free_bytes,
        )


@router.get("/system", summary="Show how the gateway is")
def system(caller: Viewer, services: ServicesOf) -> SystemDocument:
    """Workers, journal, ledger, prices; not for viewers whose view is narrower."""
    if caller.scope:
        raise NotAllowedError("these are figures of everybody, and your view is narrower")
    return SystemDocument.of(services.system.look())
