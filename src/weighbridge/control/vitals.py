"""How the gateway is, seen from the control process: readiness and metrics."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Protocol

from weighbridge.control.ledger_keeper import LedgerKeeper
from weighbridge.control.policy_hub import PolicyHub
from weighbridge.ledger.stores.base import StoreStats


class Sized(Protocol):
    """What vitals need of a store."""

    def stats(self) -> StoreStats:
        """Size and range."""
        ...


class Vitals:
    """Readiness and metrics of a gateway that should have `workers` workers."""

    def __init__(  # noqa: PLR0913 - what it tells of, wired once
        self,
        hub: PolicyHub,
        keeper: LedgerKeeper,
        store: Sized,
        *,
        workers: int,
        price_age: Callable[[], dt.timedelta],
        stopping: Callable[[], bool],
        noisy_label_keys: Callable[[], int],
        leases: Callable[[], Mapping[str, int | float]] = dict,
        alerts: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._hub = hub
        self._keeper = keeper
        self._store = store
        self._workers = workers
        self._price_age = price_age
        self._stopping = stopping
        self._noisy_label_keys = noisy_label_keys
        self._leases = leases
        self._alerts = alerts

    def __repr__(self) -> str:
        return f"<Vitals {self._hub.workers} of {self._workers} workers>"

    def problems(self) -> list[str]:
        """Why the service is not ready; empty where it is."""
        found = []
        connected = self._hub.workers
        if self._stopping():
            found.append("the service is stopping")
        elif connected < self._workers:
            found.append(f"{connected} of {self._workers} gateway workers are connected")
        if self._keeper.failure:
            found.append(f"the ledger takes no rows: {self._keeper.failure}")
        return found

    def metrics(self) -> Mapping[str, int | float]:
        """Counters and gauges by name."""
        stats = self._store.stats()
        return {
            **self._hub.counters.totals(),
            "workers": self._hub.workers,
            "ledger_exchanges": stats.exchanges,
            "ledger_bytes": stats.disk_bytes,
            "ledger_rows_loaded_total": self._keeper.loaded.rows,
            "ledger_rows_rejected_total": self._keeper.loaded.rejected,
            "ledger_rows_interrupted_total": self._keeper.interrupted,
            "ledger_failing": int(self._keeper.failure is not None),
            "journal_segments_waiting": self._keeper.waiting,
            "noisy_label_keys": self._noisy_label_keys(),
            "price_data_age_days": self._price_age().days,
            **self._leases(),
            **self._alerts(),
        }
