"""What a proxy adds to a stream: to its first event, to each later one, and with 5,000 open.

The upstream writes into every event when it was written; the reader subtracts. Both are on one
core, the proxy alone on the other; the same is measured without a proxy and subtracted. The peers
take turns.

Reach (design): ≤ 0.3 ms added to the first and to each later event at p50, nothing held back;
5,000 open streams on one worker within 200 MB of memory at a p99 delay of ≤ 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import uvloop

import _ledger_check
import _origin
import _process
import _proxies
import _reader
import _report

if TYPE_CHECKING:
    from _proxies import Peer

_NGINX_STREAMS = "proxy_buffering off;"
_RAMP_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """Delays of one peer in one round, in µs."""

    peer: str
    round: int
    first_p50: float
    first_p99: float
    later_p50: float
    later_p99: float
    joined: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """One peer with many streams open."""

    peer: str
    streams: int
    idle_bytes: int
    peak_bytes: int
    p50_us: float
    p99_us: float
    longest_us: float
    cpu_percent: float


def main() -> None:
    options = _options()
    _proxies.need_two_cores()
    _process.raise_open_files()
    os.sched_setaffinity(0, {_proxies.LOAD_CORE})
    gc.disable()  # the reader's pauses would be booked as the proxies' delay
    with _report.work_folder(options) as folder, ExitStack() as stack:
        origin, port = start_origin(folder)
        stack.callback(origin.stop)
        peers = [_proxies.Peer("direct", port, origin, [origin.pid])]
        for name in options.only.split(","):
            _report.progress(f"starting {name}")
            peers.append(_start(name, folder, port))
            stack.callback(peers[-1].stop)
        tokens = {peer.name: peer.token() for peer in peers}
        paces = [
            uvloop.run(_pace(options, peer, number, tokens[peer.name]))
            for number in range(1, options.rounds + 1)
            for peer in peers
        ]
        crowds = [
            uvloop.run(_crowd(options, peer, tokens[peer.name])) for peer in peers if options.open
        ]
        _show(options, paces, crowds)
        streams = options.rounds * options.waves * options.streams + options.open
        ledger = [_ledger_check.check(peer.data, streams, 0) for peer in peers if peer.data]
    _report.write_json(
        options.json,
        {
            "pace": [_report.as_dict(pace) for pace in paces],
            "crowd": [_report.as_dict(crowd) for crowd in crowds],
            "ledger": ledger,
        },
    )


def start_origin(folder: Path) -> tuple[_process.Process, int]:
    """The upstream of streams and large bodies, and its port."""
    origin = _process.start(
        "origin",
        [sys.executable, Path(_origin.__file__)],
        folder=folder,
        core=_proxies.LOAD_CORE,
    )
    return origin, int(origin.wait_for_line(r"^listening on (\d+)")[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--waves", type=int, default=8, help="of streams in each round")
    parser.add_argument("--streams", type=int, default=10, help="at once in a wave")
    parser.add_argument("--events", type=int, default=20, help="of a stream")
    parser.add_argument("--interval-ms", type=int, default=20, help="between a stream's events")
    parser.add_argument("--open", type=int, default=5000, help="streams at once; 0 skips that part")
    parser.add_argument("--hold-seconds", type=int, default=15, help="how long they all stay open")
    parser.add_argument("--only", default="nginx,envoy,weighbridge")
    _report.add_common_options(parser)
    return parser.parse_args()


def _start(name: str, folder: Path, port: int) -> Peer:
    match name:
        case "nginx":
            return _proxies.start_nginx(folder, port, _NGINX_STREAMS)
        case "envoy":
            return _proxies.start_envoy(folder, port)
        case "weighbridge":
            return _proxies.start_weighbridge(folder, port)
        case _:
            return _process.fail(f"no peer `{name}`; there are nginx, envoy, weighbridge")


async def _pace(options: argparse.Namespace, peer: Peer, number: int, token: str) -> Pace:
    """Waves of a few streams at the pace of a fast model."""
    request = _reader.stream_request(token, options.events, options.interval_ms * 1000)
    delays = _reader.Delays()
    readers = [await _reader.connect(peer.port, delays) for _ in range(options.streams)]
    for _ in range(options.waves):
        streams = []
        for reader in readers:
            streams.append(reader.read_stream(request))
            # Spread over the interval: events that meet at one instant measure their queue.
            await asyncio.sleep(options.interval_ms / 1000 / options.streams)
        await asyncio.gather(*streams)
    for reader in readers:
        reader.close()
    expected = options.waves * options.streams
    assert len(delays.first) == expected
    assert len(delays.later) == expected * (options.events - 1)
    pace = Pace(
        peer.name,
        number,
        first_p50=_report.percentile(delays.first, 0.5) / 1000,
        first_p99=_report.percentile(delays.first, 0.99) / 1000,
        later_p50=_report.percentile(delays.later, 0.5) / 1000,
        later_p99=_report.percentile(delays.later, 0.99) / 1000,
        joined=delays.joined,
    )
    _report.progress(
        f"round {number}/{options.rounds} {peer.name}: first {pace.first_p50:.0f} µs, "
        f"later {pace.later_p50:.0f} µs (p50)",
    )
    return pace


async def _crowd(options: argparse.Namespace, peer: Peer, token: str) -> Crowd:
    """All streams open at once, one event per stream and second."""
    ramp_s = options.open / _RAMP_PER_S
    events = int(2 * ramp_s) + options.hold_seconds
    request = _reader.stream_request(token, events, 1_000_000)
    delays = _reader.Delays()
    worker = peer.workers[0]
    idle = _process.rss_bytes(worker)
    _process.reset_peak_rss(worker)
    streams, readers = [], []
    began = time.monotonic()
    for number in range(options.open):
        reader = await _reader.connect(peer.port, delays)
        readers.append(reader)
        streams.append(reader.read_stream(request))
        await asyncio.sleep(max(0.0, began + number / _RAMP_PER_S - time.monotonic()))
        if number % 1000 == 999:
            _report.progress(f"{peer.name}: {number + 1} streams open")
    window, cpu = time.monotonic_ns(), _process.cpu_of(peer.workers)
    await asyncio.sleep(options.hold_seconds)
    until, cpu = time.monotonic_ns(), _process.cpu_of(peer.workers) - cpu
    still_open = sum(not stream.done() for stream in streams)
    await asyncio.gather(*streams)
    for reader in readers:
        reader.close()
    held = [
        delay / 1000
        for delay, at in zip(delays.later, delays.later_at, strict=True)
        if window <= at <= until
    ]
    assert len(delays.later) == options.open * (events - 1)
    crowd = Crowd(
        peer.name,
        still_open,
        idle,
        _process.peak_rss_bytes(worker),
        _report.percentile(held, 0.5),
        _report.percentile(held, 0.99),
        max(held),
        cpu.total_s / ((until - window) / 1e9) * 100,
    )
    _report.progress(f"{peer.name}: {still_open} streams, p99 {crowd.p99_us:,.0f} µs")
    return crowd


def _show(options: argparse.Namespace, paces: list[Pace], crowds: list[Crowd]) -> None:
    by_peer: dict[str, list[Pace]] = {}
    for pace in paces:
        by_peer.setdefault(pace.peer, []).append(pace)
    direct = by_peer["direct"]
    rows = []
    for name, mine in by_peer.items():
        pairs = list(zip(mine, direct, strict=True))
        rows.append(
            [
                name,
                _report.spread([pace.first_p50 for pace in mine]),
                _report.spread([pace.later_p50 for pace in mine]),
                _report.spread([pace.first_p50 - base.first_p50 for pace, base in pairs]),
                _report.spread([pace.first_p99 - base.first_p99 for pace, base in pairs]),
                _report.spread([pace.later_p50 - base.later_p50 for pace, base in pairs]),
                _report.spread([pace.later_p99 - base.later_p99 for pace, base in pairs]),
                f"{median(pace.joined for pace in mine):.0f}",
            ],
        )
    _report.table(
        f"Delay of stream events, {options.streams} streams at once, an event each "
        f"{options.interval_ms} ms, in µs",
        [
            "peer",
            "first p50",
            "later p50",
            "added first p50",
            "added first p99",
            "added later p50",
            "added later p99",
            "joined",
        ],
        rows,
    )
    if crowds:
        _report.table(
            f"{options.open:,} open streams, an event per stream and second",
            [
                "peer",
                "open",
                "idle MB",
                "peak MB",
                "kB/stream",
                "p50 ms",
                "p99 ms",
                "max ms",
                "CPU %",
            ],
            [
                [
                    crowd.peer,
                    f"{crowd.streams:,}",
                    *_memory(crowd),
                    f"{crowd.p50_us / 1e3:.2f}",
                    f"{crowd.p99_us / 1e3:.2f}",
                    f"{crowd.longest_us / 1e3:.1f}",
                    f"{crowd.cpu_percent:.0f}",
                ]
                for crowd in crowds
            ],
        )


def _memory(crowd: Crowd) -> tuple[str, str, str]:
    if crowd.peer == "direct":
        return "", "", ""
    each = (crowd.peak_bytes - crowd.idle_bytes) / 1e3 / crowd.streams
    return f"{crowd.idle_bytes / 1e6:.0f}", f"{crowd.peak_bytes / 1e6:.0f}", f"{each:.1f}"


if __name__ == "__main__":
    main()
