"""Prometheus exposition of the workers' counters and the control process's gauges.

Names come as `NAME` or `NAME;label=value;label=value`; those that end in `_total` are
counters. The cardinality of each name is capped (D6): beyond `SERIES_PER_NAME` label sets, the
smallest are summed under `other`. Counterpart: `control/counters` sums over workers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

PREFIX: Final = "weighbridge_"
SERIES_PER_NAME: Final = 100
OTHER: Final = "other"
# One line for each metric of docs/reference/metrics.md; a test compares the names.
HELP: Final = {
    "exchanges_total": "Exchanges that ended, refused ones included.",
    "refused_total": "Exchanges that the gateway refused.",
    "live_exchanges": "Exchanges that run now.",
    "connections_total": "Client connections taken.",
    "open_connections": "Client connections open now.",
    "turned_away_total": "Connections closed at once, over gateway.max_connections.",
    "bad_requests_total": "Requests that were no well-formed HTTP; they have no row.",
    "slow_heads_total": "Connections closed because the head took too long.",
    "request_bytes_total": "Bytes of request bodies.",
    "response_bytes_total": "Bytes of answer bodies.",
    "upstream_opened_total": "Connections opened to upstreams.",
    "upstream_reused_total": "Exchanges that took an open connection.",
    "budget_refused_total": "Calls that a budget did not let pass.",
    "budget_waited_total": "Calls that waited for money of a budget.",
    "budget_cut_total": "Streams cut because a budget had nothing left for them.",
    "budget_waiting": "Calls that wait for money of a budget now.",
    "internal_errors_total": "Faults of our own; each is in the log.",
    "journal_rows_written_total": "Rows that workers wrote to their journals.",
    "journal_rows_dropped_total": "Rows given up because disk and memory bound were full.",
    "journal_pending_bytes": "Rows that wait for the journal's disk.",
    "journal_failing": "Workers whose journal cannot be written.",
    "journal_segments_waiting": "Sealed segments that wait for the ledger.",
    "resources_settled_total": "Batches and operations settled, each once.",
    "resources_failed_total": "Times that the store of resources failed a worker.",
    "rows_failed_total": "Rows whose figures could not be made; they are booked without.",
    "ledger_rows_loaded_total": "Rows that the ledger took from journals.",
    "ledger_rows_rejected_total": "Journal lines that are no rows, kept in journal/rejected.",
    "ledger_rows_interrupted_total": "Rows made for calls that a dead worker left.",
    "ledger_failing": "1 while the ledger takes no rows.",
    "ledger_exchanges": "Rows in the ledger.",
    "ledger_bytes": "Size of the ledger on disk.",
    "budget_accounts": "Budgets' accounts that workers have something of.",
    "budget_grants_total": "Slices of budgets granted to workers.",
    "budget_refreshes_total": "Times that the ledger was asked what budgets have spent.",
    "budget_refresh_seconds": "How long that took the last time, over all accounts.",
    "budget_corrections_total": "Sums that held rows which no worker had settled.",
    "budget_failures_total": "Times that sums could not be read, or grants not be kept.",
    "budget_holders_absent": "Workers that cannot be reached and still have money of budgets.",
    "workers": "Gateway workers that are connected.",
    "noisy_label_keys": "Label keys with more distinct values than labels.cardinality_warn.",
    "alerts_told_total": "Alerts that were told, each once.",
    "alert_rules_failing": "Rules of alerts that could not be asked the last time.",
    "alert_messages_sent_total": "Messages that channels took.",
    "alert_messages_failed_total": "Attempts to send a message that failed.",
    "alert_messages_waiting": "Messages that are on their way, or wait to be tried again.",
    "price_data_age_days": "Days since the prices were last checked.",
}
Labels = tuple[tuple[str, str], ...]


def exposition(values: Mapping[str, int | float]) -> bytes:
    """Metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(values))
    return generate_latest(registry)


class _Snapshot(Collector):
    """The values of one scrape as metric families."""

    def __init__(self, values: Mapping[str, int | float]) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        by_name: dict[str, dict[Labels, int | float]] = defaultdict(dict)
        for text, value in self._values.items():
            name, _, labels = text.partition(";")
            by_name[name][_labels(labels)] = value
        for name, series in sorted(by_name.items()):
            yield _family(name, capped(series))


def capped(series: Mapping[Labels, int | float]) -> dict[Labels, int | float]:
    """At most `SERIES_PER_NAME` series: the largest, and one that holds the rest."""
    if len(series) <= SERIES_PER_NAME:
        return dict(series)
    largest = sorted(series.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(largest[: SERIES_PER_NAME - 1])
    names = [name for name, _ in largest[0][0]]
    rest = tuple((name, OTHER) for name in names)
    kept[rest] = kept.get(rest, 0) + sum(value for _, value in largest[SERIES_PER_NAME - 1 :])
    return kept


def _family(name: str, series: Mapping[Labels, int | float]) -> Metric:
    names = [label for label, _ in next(iter(series))]
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = kind(
        PREFIX + name, HELP.get(name, name.replace("_", " ")), labels=names
    )
    for labels, value in sorted(series.items()):
        given = dict(labels)
        family.add_metric([given.get(label, "") for label in names], value)
    return family


def _labels(text: str) -> Labels:
    pairs = (part.partition("=") for part in text.split(";") if part)
    return tuple((name, value) for name, _, value in pairs)
