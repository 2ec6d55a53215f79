"""From an exchange to its row: every column, and a row whatever goes wrong."""

import re
from typing import Any

import msgspec
import pytest
from memory_wire import MemoryWire
from messages import answer, post

from weighbridge.core.exchange import COLUMNS, Exchange
from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.rating import RatingFacts
from weighbridge.providers.base import Reading

FULL = (
    b'{"candidates":[{"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a","b"]}}],'
    b'"promptFeedback":{},"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,'
    b'"candidatesTokenCount":5,"thoughtsTokenCount":2,"toolUsePromptTokenCount":1,'
    b'"totalTokenCount":18,"promptTokensDetails":[{"modality":"TEXT","tokenCount":6},'
    b'{"modality":"IMAGE","tokenCount":4}],"candidatesTokensDetails":[{"modality":"TEXT",'
    b'"tokenCount":5}]},"modelVersion":"gemini-2.5-flash"}'
)
EXTRA = b"X-Department: ops\r\nX-Project: p\r\nX-Agent: bot\r\nX-Weighbridge-Labels: env=test\r\n"
ALWAYS = {
    "exchange_id", "started_at", "ended_at", "node", "outcome", "status", "streamed",
    "usage_source", "pricing_status", "latency_us", "overhead_us", "request_bytes",
    "response_bytes",
}  # fmt: skip


def one_call(wire: MemoryWire, body: bytes = FULL, request: bytes = b"") -> dict[str, Any]:
    """The row of one call, as the journal has it."""
    me = wire.client()
    me.deliver(request or post(extra=EXTRA))
    wire.settle()
    if wire.gate.live:
        wire.upstreams[-1].deliver(answer(body))
        wire.settle()
    row = msgspec.json.decode(wire.journal.lines[-1])
    assert isinstance(row, dict)
    return row


def test_row_is_an_exchange() -> None:
    """A line decodes to the ledger's row, and holds nothing that is no column."""
    with MemoryWire() as wire:
        row = one_call(wire)
        exchange = msgspec.json.decode(wire.journal.lines[-1], type=Exchange)
    assert set(row) <= set(COLUMNS)
    assert set(row) >= ALWAYS
    assert (exchange.node, exchange.provider, exchange.surface) == ("test-node", "google", "gemini")
    assert (exchange.department, exchange.project, exchange.agent) == ("ops", "p", "bot")
    assert (exchange.labels, exchange.token_id) == ({"env": "test"}, "tok_main")
    assert (exchange.model, exchange.model_version) == ("gemini-2.5-flash", "gemini-2.5-flash")
    assert (exchange.outcome, exchange.finish_reason, exchange.error_type) == ("ok", "STOP", None)
    assert (exchange.input_tokens, exchange.cached_input_tokens) == (10, 4)
    assert (exchange.output_tokens, exchange.thinking_tokens, exchange.total_tokens) == (5, 2, 18)
    assert (exchange.tool_use_input_tokens, exchange.input_image_tokens) == (1, 4)
    assert (exchange.output_text_tokens, exchange.output_image_tokens) == (5, 0)
    assert exchange.list_cost is not None
    assert re.fullmatch(r"\d+\.\d{12}", exchange.list_cost)
    assert exchange.charges


def test_usage_columns_reach_the_row() -> None:
    """Each count that a reading holds stands in its own column: none is swapped or left out."""
    names = [name for name in COLUMNS if name.endswith(("_tokens", "_queries")) or name == "images"]
    with MemoryWire() as wire:
        reading = Reading(
            usage=Usage(**{name: number for number, name in enumerate(names, 1000)}),
            usage_source=UsageSource.FINAL,
        )
        wire.gate.observe = lambda *_: _Fixed(reading)  # type: ignore[method-assign]
        row = one_call(wire)
    assert {name: row.get(name) for name in names} == {
        name: number for number, name in enumerate(names, 1000)
    }


def test_times_of_a_row() -> None:
    """UTC with microseconds; the end is the start and the latency; the first byte lies between."""
    with MemoryWire() as wire:
        row = one_call(wire)
    instant = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    assert re.fullmatch(instant, row["started_at"])
    assert re.fullmatch(instant, row["ended_at"])
    assert 0 <= row["overhead_us"] <= row["latency_us"]
    assert 0 <= row["ttfb_us"] <= row["latency_us"]


def test_mark_is_a_row_too() -> None:
    """What a crash leaves readable decodes to the same exchange, with who and what."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post(extra=EXTRA))
        wire.settle()
        (mark,) = wire.marks.open.values()
        begun = msgspec.json.decode(mark, type=Exchange)
        wire.upstreams[0].deliver(answer())
        wire.settle()
        (row,) = wire.rows()
        assert wire.marks.open == {}
    for name in ("exchange_id", "started_at", "node", "model", "operation", "token_id", "labels"):
        assert getattr(begun, name) == getattr(row, name)
    assert (begun.outcome, begun.status, begun.usage_source) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "kept"),
    [(b'q"u\\o', 'q"u\\o'), (b"%22%0", '"%0'), (b"\xc3\xa9", "é"), (b"</script>", "</script>")],
)
def test_attribution_is_escaped(value: bytes, kept: str) -> None:
    """A value that would break out of JSON is a value."""
    with MemoryWire() as wire:
        row = one_call(wire, request=post(extra=b"X-Agent: %b\r\n" % value))
    assert row["agent"] == kept


class _Failing:
    def rate(self, facts: RatingFacts) -> Any:
        raise ZeroDivisionError


class _Broken:
    """An observer that fails although it must not."""

    def feed(self, data: bytes) -> None:
        pass

    def finish(self, *, complete: bool) -> Reading:
        raise KeyError


class _Fixed(_Broken):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def finish(self, *, complete: bool) -> Reading:
        return self._reading


def _bare(row: dict[str, Any]) -> None:
    assert set(row) >= ALWAYS
    assert (row["outcome"], row["status"], row["department"]) == ("ok", 200, "ops")
    assert (row["usage_source"], row["pricing_status"]) == ("unparsed", "unmetered")
    assert "list_cost" not in row
    assert "input_tokens" not in row


def test_fault_in_rating(capsys: pytest.CaptureFixture[str]) -> None:
    """A price book that fails costs the row its figures, never its existence, nor the answer."""
    with MemoryWire() as wire:
        wire.booker._rate = _Failing().rate
        _bare(one_call(wire))
        assert wire.clients[0].sent.endswith(FULL)
        assert (wire.counters.rows_failed, wire.marks.open) == (1, {})
    logged = capsys.readouterr()
    assert "ZeroDivisionError" in logged.out + logged.err


def test_fault_in_reading() -> None:
    """The same where the reader fails in a way that it must not."""
    with MemoryWire() as wire:
        wire.gate.observe = lambda *_: _Broken()  # type: ignore[method-assign]
        _bare(one_call(wire))
        assert wire.counters.rows_failed == 1


def test_fault_of_one_row_spares_the_others() -> None:
    """Rows are booked one by one: a fault stays where it is."""
    with MemoryWire() as wire:
        rate, calls = wire.booker._rate, iter([True, False, False])

        def sometimes(facts: RatingFacts) -> Any:
            return _Failing().rate(facts) if next(calls) else rate(facts)

        wire.booker._rate = sometimes
        clients = [wire.client() for _ in range(3)]
        for me in clients:
            me.deliver(post())
        wire.settle()
        for up in wire.upstreams:
            up.deliver(answer())
        wire.settle()
        assert [row.pricing_status for row in wire.rows()] == ["unmetered", "priced", "priced"]


@pytest.mark.parametrize(
    ("body", "source", "status"),
    [
        (b"{}", "none", "unmetered"),
        (b"no json", "unparsed", "unmetered"),
        (b'{"usageMetadata":{"promptTokenCount":0,"totalTokenCount":0}}', "final", "priced"),
    ],
)
def test_missing_is_not_zero(body: bytes, source: str, status: str) -> None:
    """S11: what reports no usage costs null, and what reports zero costs zero."""
    with MemoryWire() as wire:
        row = one_call(wire, body)
    assert row["pricing_status"] == status
    assert row["usage_source"] == source
    assert ("list_cost" in row) is (status == "priced")


def test_refused_call_has_a_row() -> None:
    """A refusal is booked with its reason, and costs nothing."""
    with MemoryWire() as wire:
        row = one_call(wire, request=post(extra=b"X-Weighbridge-Labels: A=b\r\n"))
    assert (row["outcome"], row["error_type"], row["status"]) == ("refused", "LABELS_INVALID", 400)
    assert (row["pricing_status"], row["list_cost"]) == ("free", "0.000000000000")
    assert "ttfb_us" not in row
