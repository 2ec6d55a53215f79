"""Budgets that block: what they cost a call, and by how much they are ever passed.

Cost: the worker's own parts in this process, over the traffic of `peers`: sizing the hold from the
body, taking it, and settling it by the call's row; the lender answers between batches, as it does
in life. The peer is the same call under no budget, which asks nothing.
Overshoot: `serve` with two workers, hundreds of calls at once against a budget that holds but a
part of them, once by estimate and once by bound; what the upstream's answers cost in all is what a
bill would say.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from _process import HOST, fail, free_port, raise_open_files, start
from _proxies import LOAD_CORE, create_token, weighbridge, weighbridge_json
from _report import add_common_options, percentile, progress, table, work_folder, write_json
from _traffic import MODELS, Call, answer_body, calls
from weighbridge.attribution.identity import Identity
from weighbridge.budgets.budget import Budget, usd_text
from weighbridge.budgets.lease import Account, Holder, Report, decode, encode
from weighbridge.budgets.lender import Lender
from weighbridge.budgets.purse import Purse
from weighbridge.core.money import PICO_USD_PER_USD, pico_to_text
from weighbridge.core.outcome import Outcome, Refusal
from weighbridge.gateway.call_kinds import CallKind, CallKinds
from weighbridge.gateway.holds import Holds
from weighbridge.gateway.request_heads import RequestHead
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weighbridge.gateway.stakes import Stake

PLENTY = 10**9 * PICO_USD_PER_USD
BATCH = 100
_COST = {model.name: model.cost_pico_usd for model in MODELS}
_NAME = re.compile(rb"models/([a-z0-9.-]+):")


def main() -> int:
    options = _options()
    costs = {
        name: _decisions(budgets, options.calls)
        for name, budgets in (("one budget", 1), ("three budgets", 3))
    }
    rows = [
        [name, *(f"{percentile(times, share) / 1000:.1f}" for share in (0.5, 0.99))]
        for name, times in costs.items()
    ]
    table("Added to a call under a budget", ["", "p50 µs", "p99 µs"], rows)
    raise_open_files()
    with work_folder(options) as folder:
        runs = [_overshoot(folder / rule, rule, options) for rule in ("estimate", "bound")]
    header = ["hold", "calls", "passed", "limit USD", "billed USD", "overshoot USD"]
    table("Two workers, all calls at once", header, [list(run.values()) for run in runs])
    medians = {name: percentile(times, 0.5) / 1000 for name, times in costs.items()}
    write_json(options.json, {"added_us_p50": medians, "overshoot": runs})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="calls for the cost")
    parser.add_argument("--parallel", type=int, default=500, help="calls at once for overshoot")
    add_common_options(parser)
    return parser.parse_args()


class _Exchange:
    """A call as far as its budgets are concerned."""

    def __init__(self, route: Route, identity: Identity, mark: bytes) -> None:
        self.route = route
        self.identity = identity
        self.mark = mark
        self.started_us = time.time_ns() // 1000
        self.outcome = Outcome.OK
        self.stake: Stake | None = None

    def recorded_identity(self) -> Identity:
        return self.identity

    def funded(self) -> None:
        """It waited; such calls are not timed."""

    def refuse_unfunded(self, refusal: Refusal) -> None:
        fail(f"a call was refused by a budget of plenty: {refusal.message}")


def _decisions(budgets: int, count: int) -> list[int]:
    """Nanoseconds that each call's decisions took, both ends."""
    bank = _Bank()
    never = asyncio.new_event_loop()  # whose timers never fire
    holds = Holds(
        purse=bank.purse,
        kinds=CallKinds(PriceBook.load(), "bench"),
        now=time.monotonic,
        unix_us=lambda: time.time_ns() // 1000,
        call_soon=bank.soon.append,
        call_later=never.call_later,
    )
    holds.apply(
        Budget(id=f"bud_{n}", name=str(n), limit_pico_usd=PLENTY, action="block", per=per)
        for n, per in zip(range(budgets), (None, "agent", "department"), strict=False)
    )
    holds.connected(bank.hear)
    bank.answer = holds.received
    prepared = [_prepared(holds, call) for call in calls("trk_none")]
    times = []
    for number, (exchange, kind, body, line) in enumerate(
        itertools.islice(itertools.cycle(prepared), count)
    ):
        began = time.perf_counter_ns()
        at_once = holds.fund(exchange, kind, body, len(body))  # type: ignore[arg-type]
        middle = time.perf_counter_ns()
        if not at_once:
            bank.run()
        ends = time.perf_counter_ns()
        holds.settle(exchange, line)  # type: ignore[arg-type]
        if at_once:
            times.append(time.perf_counter_ns() - ends + middle - began)
        if number % BATCH == 0:
            holds.tick()
            bank.run()
    never.close()
    return times


def _prepared(holds: Holds, call: Call) -> tuple[_Exchange, CallKind, bytes, bytes]:
    route = Registry().route(b"POST", call.path.encode())
    assert isinstance(route, Route)
    identity = Identity(
        token_id="tok_bench",
        department=call.headers["X-Department"],
        project=call.headers["X-Project"],
        agent=call.headers["X-Agent"],
    )
    mark = repr((route.model, identity)).encode()
    head = RequestHead(b"POST", b"/", "1.1", keep_alive=True)
    kind = holds.kind_of(route, identity, mark, head)
    assert kind is not None
    cost = pico_to_text(_COST[route.model or ""])
    line = b'{"exchange_id":"x",%b,"list_cost":"%b"}' % (b'"labels":{}', cost.encode())
    return _Exchange(route, identity, mark), kind, call.body, line


class _Bank:
    """The lender, which hears and answers between batches."""

    def __init__(self) -> None:
        self.purse = Purse(Holder(0, 1))
        self.soon: list[Callable[[], None]] = []
        self.answer: Callable[[bytes], None] = lambda _: None
        self._lender = Lender(_plenty)
        self._lender.arrive(self.purse.holder)
        self._heard: list[bytes] = []

    def hear(self, message: bytes) -> None:
        self._heard.append(message)

    def run(self) -> None:
        """Whatever was to be done soon, until nothing is."""
        while self.soon or self._heard:
            soon, self.soon[:] = list(self.soon), []
            for work in soon:
                work()
            heard, self._heard = self._heard, []
            for message in heard:
                report = decode(message)
                assert isinstance(report, Report)
                self._lender.receive(report)
            for account in self._lender.unknown():
                self._lender.refresh(account, 0, {})
            for grants in self._lender.decide(time.time_ns() // 1000).send:
                self.answer(encode(grants))


def _plenty(account: Account, now_us: int) -> int:  # noqa: ARG001 - a lender's question
    return PLENTY


def _overshoot(folder: Path, rule: str, options: argparse.Namespace) -> dict[str, str]:
    """One run: calls at once against a budget that holds about a third of them."""
    folder.mkdir()
    port, data = free_port(), folder / "data"
    command: list[str | Path] = [weighbridge(), "serve", "--workers", "2", "--data", data]
    command += ["--listen", f"{HOST}:0", "--admin-listen", f"{HOST}:0"]
    command += ["--upstream", f"gemini=http://{HOST}:{port}"]
    process = start("weighbridge", command, folder=folder, core=LOAD_CORE)
    try:
        gateway = int(process.wait_for_line(r"^ready gateway=http://[^\s:]+:(\d+) admin=")[1])
        traffic = calls(create_token(data))[: options.parallel]
        limit = sum(_COST[_model(call.path.encode())] for call in traffic) // 3
        budget = ("budget", "set", "--name", "bench", "--limit", usd_text(limit), "--json")
        weighbridge_json(data, *budget, "--period", "total", "--action", "block", "--hold", rule)
        progress(f"{len(traffic)} calls at once, {rule}")
        passed, billed = asyncio.run(_all_at_once(gateway, port, traffic))
    finally:
        process.stop()
    return {
        "hold": rule,
        "calls": str(len(traffic)),
        "passed": str(passed),
        "limit USD": usd_text(limit),
        "billed USD": usd_text(billed),
        "overshoot USD": usd_text(max(billed - limit, 0)),
    }


async def _all_at_once(gateway: int, port: int, traffic: Sequence[Call]) -> tuple[int, int]:
    """How many calls passed, and what the upstream would bill for them."""
    billed: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            name = _model(head)
            billed.append(_COST[name])
            body = answer_body(next(model for model in MODELS if model.name == name))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
        writer.close()

    server = await asyncio.start_server(serve, HOST, port, backlog=1024)
    statuses = await asyncio.gather(*(_status(gateway, call) for call in traffic))
    server.close()
    if set(statuses) - {200, 429}:
        fail(f"calls ended with {sorted(set(statuses))}")
    return statuses.count(200), sum(billed)


async def _status(gateway: int, call: Call) -> int:
    reader, writer = await asyncio.open_connection(HOST, gateway)
    headers = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items())
    head = f"POST {call.path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}Connection: close\r\n"
    writer.write(f"{head}Content-Length: {len(call.body)}\r\n\r\n".encode() + call.body)
    answer = await _head(reader)
    writer.close()
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        return b""  # whoever served the calls ends with them


def _model(head: bytes) -> str:
    found = _NAME.search(head)
    assert found is not None
    return found[1].decode()


if __name__ == "__main__":
    sys.exit(main())
