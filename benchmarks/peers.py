"""Requests per second and core, and added latency, beside Envoy and nginx.

One core runs the proxy under test, the other one the load (wrk) and the upstream (nginx, fixed
answers of the shape that the Developer API gives). The peers take turns, round by round, so that
whatever else the machine does meets all of them. The figure to trust is CPU time per request: it
holds also where the load side is what limits the rate.

Weighbridge runs with everything on: tracking token, attribution, metering, rating, journal with
fdatasync, ledger. Afterwards the ledger must hold the calls that wrk completed, each `ok` and
priced, and their cost to the pico-dollar; else the figures do not count and the script fails.

Reach (design): at least 1.2 × Envoy's requests per second and core; added p50 at most Envoy's
and added p99 at most 1 ms on one connection.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import _ledger_check
import _load
import _process
import _proxies
import _report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _process import Process
    from _proxies import Peer

THROUGHPUT, SEQUENTIAL = "throughput", "sequential"


@dataclass(frozen=True, slots=True)
class Turn:
    """What every peer is asked to do, one after the other."""

    kind: str
    round: int
    connections: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one peer in one round."""

    peer: str
    kind: str
    round: int
    load: _load.Load
    worker_cpu: _process.Cpu
    other_cpu: _process.Cpu
    wall_s: float

    @property
    def us_per_request(self) -> float:
        return self.worker_cpu.total_s * 1e6 / self.load.requests

    @property
    def us_per_request_whole(self) -> float:
        return (self.worker_cpu + self.other_cpu).total_s * 1e6 / self.load.requests

    def as_dict(self) -> dict[str, object]:
        return {
            "peer": self.peer,
            "kind": self.kind,
            "round": self.round,
            **self.load.as_dict(),
            "worker_user_s": round(self.worker_cpu.user_s, 3),
            "worker_system_s": round(self.worker_cpu.system_s, 3),
            "other_cpu_s": round(self.other_cpu.total_s, 3),
            "wall_s": round(self.wall_s, 3),
        }


def main() -> None:
    options = _options()
    _proxies.need_two_cores()
    _process.raise_open_files()
    with _report.work_folder(options) as folder, ExitStack() as stack:
        origin, origin_port = _proxies.start_origin(folder, options.answer)
        stack.callback(origin.stop)
        peers = _start_peers(options, folder, origin, origin_port)
        for peer in peers:
            stack.callback(peer.stop)
        runs, sent = _measure(options, folder, peers)
        _show(options, runs)
        ledger = {}
        for peer in peers:
            if peer.data is not None:
                ledger = _ledger_check.check(peer.data, *sent[peer.name])
    _report.write_json(
        options.json,
        {
            "answer": options.answer,
            "connections": options.connections,
            "runs": [run.as_dict() for run in runs],
            "ledger": ledger,
        },
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each throughput run")
    parser.add_argument("--latency-seconds", type=int, default=3, help="of each sequential run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument(
        "--answer",
        choices=["sized", "chunked", "gzip"],
        default="sized",
        help="how the upstream sends its answers",
    )
    parser.add_argument(
        "--only",
        default="nginx,envoy,weighbridge",
        help="peers to run, by name (default: %(default)s)",
    )
    parser.add_argument(
        "--litellm",
        action="store_true",
        help=f"also {_proxies.LITELLM}, installed into an environment of its own (large)",
    )
    _report.add_common_options(parser)
    return parser.parse_args()


def _start_peers(
    options: argparse.Namespace,
    folder: Path,
    origin: Process,
    origin_port: int,
) -> list[Peer]:
    """All peers, idle, in the order of their turns; `direct` is the upstream without a proxy."""
    origin_pids = [origin.pid, *_process.descendants(origin.pid)]
    peers = [_proxies.Peer("direct", origin_port, origin, origin_pids)]
    starters = {
        "nginx": _proxies.start_nginx,
        "envoy": _proxies.start_envoy,
        "weighbridge": _proxies.start_weighbridge,
        "litellm": _proxies.start_litellm,
    }
    names = [*options.only.split(","), *(["litellm"] if options.litellm else [])]
    for name in names:
        if name not in starters:
            _process.fail(f"no peer `{name}`; there are {', '.join(starters)}")
        _report.progress(f"starting {name}")
        try:
            peers.append(starters[name](folder, origin_port))
        except BaseException:
            for peer in peers:
                peer.stop()
            raise
    return peers


def _measure(
    options: argparse.Namespace,
    folder: Path,
    peers: list[Peer],
) -> tuple[list[Run], dict[str, tuple[int, int]]]:
    """All runs, and per peer: completed requests and the most that may have been in flight."""
    scripts = {
        peer.name: _load.write_script(folder / f"{peer.name}.lua", peer.calls()) for peer in peers
    }
    runs: list[Run] = []
    sent: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for turn in _turns(options):
        for peer in peers:
            run = _run(peer, turn, scripts[peer.name])
            sent[peer.name][0] += run.load.requests
            sent[peer.name][1] += turn.connections
            if turn.round:
                runs.append(run)
            _report.progress(
                f"round {turn.round}/{options.rounds} {turn.kind} {peer.name}: "
                f"{run.load.per_second:,.0f}/s, {run.us_per_request:.1f} CPU µs/request, "
                f"p50 {run.load.p50_us} µs, p99 {run.load.p99_us} µs",
            )
    return runs, {name: (requests, flying) for name, (requests, flying) in sent.items()}


def _turns(options: argparse.Namespace) -> Iterator[Turn]:
    """Round 0 warms up: connections, caches, the interpreter's specialised bytecode."""
    for number in range(options.rounds + 1):
        for kind, connections, seconds in (
            (THROUGHPUT, options.connections, options.seconds),
            (SEQUENTIAL, 1, options.latency_seconds),
        ):
            yield Turn(kind, number, connections, seconds if number else min(2, seconds))


def _run(peer: Peer, turn: Turn, script: Path) -> Run:
    worker, other = _process.cpu_of(peer.workers), _process.cpu_of(peer.others)
    load = _load.run(
        script,
        peer.port,
        core=_proxies.LOAD_CORE,
        connections=turn.connections,
        seconds=turn.seconds,
    )
    worker_cpu = _process.cpu_of(peer.workers) - worker
    # The ledger is loaded behind the traffic: what is left of that belongs to this run, and must
    # not burden the next peer's.
    _process.wait_until_idle(peer.others)
    return Run(
        peer.name,
        turn.kind,
        turn.round,
        load,
        worker_cpu,
        _process.cpu_of(peer.others) - other,
        load.duration_us / 1e6,
    )


def _show(options: argparse.Namespace, runs: list[Run]) -> None:
    facts = _report.machine()
    print(
        f"\n{facts['cpu']}, kernel {facts['kernel']}; {options.rounds} rounds of "
        f"{options.seconds} s, {options.connections} connections, answers {options.answer}; "
        "median (lowest-highest)",
    )
    rows = []
    for name, mine in _by_peer(runs, THROUGHPUT).items():
        rows.append(_throughput_row(name, mine, runs, whole=False))
        if any(run.other_cpu.total_s for run in mine):
            rows.append(_throughput_row(f"{name}, all processes", mine, runs, whole=True))
    _report.table(
        "Throughput: the proxy alone on one core",
        [
            "peer",
            "requests/s",
            "CPU %",
            "CPU µs/request",
            "of it system",
            "requests/CPU s",
            "rate ÷ Envoy",
            "per CPU s ÷ Envoy",
        ],
        rows,
    )
    _report.table(
        "Latency: one connection, one request at a time, in µs",
        ["peer", "p50", "p99", "added p50", "added p99"],
        [_latency_row(name, mine, runs) for name, mine in _by_peer(runs, SEQUENTIAL).items()],
    )


def _throughput_row(name: str, mine: list[Run], runs: list[Run], *, whole: bool) -> list[str]:
    def cpu_us(run: Run) -> float:
        return run.us_per_request_whole if whole else run.us_per_request

    envoy = {run.round: run for run in runs if (run.peer, run.kind) == ("envoy", THROUGHPUT)}
    rates = [run.load.per_second / envoy[run.round].load.per_second for run in mine if envoy]
    costs = [envoy[run.round].us_per_request / cpu_us(run) for run in mine if envoy]
    proxied = mine[0].peer != "direct"
    cpu = [
        (run.worker_cpu + (run.other_cpu if whole else _process.Cpu())).total_s / run.wall_s * 100
        for run in mine
    ]
    system = [run.worker_cpu.system_s * 1e6 / run.load.requests for run in mine]
    return [
        name,
        "" if whole else _report.spread([run.load.per_second for run in mine]),
        f"{median(cpu):.0f}",
        _report.spread([cpu_us(run) for run in mine], 1),
        "" if whole else f"{median(system):.1f}",
        f"{median([1e6 / cpu_us(run) for run in mine]):,.0f}",
        _report.spread(rates, 2) if rates and proxied and not whole else "",
        _report.spread(costs, 2) if costs and proxied else "",
    ]


def _latency_row(name: str, mine: list[Run], runs: list[Run]) -> list[str]:
    direct = {run.round: run for run in runs if (run.peer, run.kind) == ("direct", SEQUENTIAL)}
    return [
        name,
        _report.spread([run.load.p50_us for run in mine]),
        _report.spread([run.load.p99_us for run in mine]),
        _report.spread([run.load.p50_us - direct[run.round].load.p50_us for run in mine]),
        _report.spread([run.load.p99_us - direct[run.round].load.p99_us for run in mine]),
    ]


def _by_peer(runs: list[Run], kind: str) -> dict[str, list[Run]]:
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        if run.kind == kind:
            grouped.setdefault(run.peer, []).append(run)
    return grouped


if __name__ == "__main__":
    began = time.monotonic()
    main()
    _report.progress(f"done in {time.monotonic() - began:.0f} s")
