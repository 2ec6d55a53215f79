"""Bodies of 20 MB, up and down: throughput beside nginx, and memory per exchange.

A few connections send bodies of 20 MB (a video as base64, say) or get such answers. Upstream and
client share one core and are themselves what limits the rate when the proxy is fast, so the
figure to trust is bytes per CPU second of the proxy. Memory is the kernel's high-water mark of
the worker, reset before each run.

Reach (design): at least half of nginx's throughput; less than 5 MB more memory per exchange.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import uvloop

import _ledger_check
import _origin
import _process
import _proxies
import _report
import streams
from _traffic import SDK_HEADERS

if TYPE_CHECKING:
    from _proxies import Peer

UP, DOWN = "request bodies", "answer bodies"

# Straight through in both directions; memory for a whole body is what we measure against, and a
# temporary file would measure the disk. Of buffers from 8 kB to 1 MB, none was faster than 64 kB
# in both directions.
_NGINX_BODIES = (
    "proxy_request_buffering off; client_body_buffer_size 64k; "
    "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_max_temp_file_size 0;"
)


@dataclass(frozen=True, slots=True)
class Lane:
    """A peer, the token to send, and its worker's memory before the first exchange."""

    peer: Peer
    token: str
    idle_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """Exchanges of one peer in one direction and round."""

    peer: str
    direction: str
    round: int
    bytes: int
    wall_s: float
    cpu_s: float
    idle_bytes: int
    peak_bytes: int
    at_once: int

    @property
    def mb_per_s(self) -> float:
        return self.bytes / self.wall_s / 1e6

    @property
    def growth_mb(self) -> float:
        """Per exchange under way; against idle, for what a process keeps is growth too."""
        return (self.peak_bytes - self.idle_bytes) / self.at_once / 1e6

    @property
    def mb_per_cpu_s(self) -> float:
        return self.bytes / max(self.cpu_s, 0.01) / 1e6


def main() -> None:
    options = _options()
    _proxies.need_two_cores()
    os.sched_setaffinity(0, {_proxies.LOAD_CORE})
    gc.disable()
    with _report.work_folder(options) as folder, ExitStack() as stack:
        origin, port = streams.start_origin(folder)
        stack.callback(origin.stop)
        peers = [_proxies.Peer("direct", port, origin, [origin.pid])]
        starters = {
            "nginx": lambda: _proxies.start_nginx(folder, port, _NGINX_BODIES),
            "envoy": lambda: _proxies.start_envoy(folder, port),
            "weighbridge": lambda: _proxies.start_weighbridge(folder, port),
        }
        for name in options.only.split(","):
            _report.progress(f"starting {name}")
            peers.append(starters[name]())
            stack.callback(peers[-1].stop)
        runs = _measure(options, peers)
        _show(options, runs)
        total = 2 * (options.rounds + 1) * options.connections * options.exchanges
        ledger = [_ledger_check.check(peer.data, total, 0) for peer in peers if peer.data]
    _report.write_json(
        options.json,
        {
            "megabytes": options.megabytes,
            "runs": [_report.as_dict(r) for r in runs],
            "ledger": ledger,
        },
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--exchanges", type=int, default=60, help="per connection and run")
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--only", default="nginx,envoy,weighbridge")
    _report.add_common_options(parser)
    return parser.parse_args()


def _measure(options: argparse.Namespace, peers: list[Peer]) -> list[Run]:
    runs = []
    lanes = [Lane(peer, peer.token(), _process.rss_bytes(peer.workers[0])) for peer in peers]
    for number in range(options.rounds + 1):
        for direction in (UP, DOWN):
            for lane in lanes:
                run = _run(options, lane, direction, number)
                if number:
                    runs.append(run)
                _report.progress(
                    f"round {number}/{options.rounds} {direction} {run.peer}: "
                    f"{run.mb_per_s:,.0f} MB/s, {run.mb_per_cpu_s:,.0f} MB per CPU s, "
                    f"memory +{run.growth_mb:.1f} MB per exchange",
                )
    return runs


def _run(options: argparse.Namespace, lane: Lane, direction: str, number: int) -> Run:
    peer = lane.peer
    size = options.megabytes * 1_000_000
    request = _request(
        lane.token, size if direction == UP else 300, 300 if direction == UP else size
    )
    _process.reset_peak_rss(peer.workers[0])
    cpu, began = _process.cpu_of(peer.workers), time.monotonic()
    uvloop.run(_exchange(peer.port, request, options.connections, options.exchanges))
    wall_s = time.monotonic() - began
    cpu = _process.cpu_of(peer.workers) - cpu
    return Run(
        peer.name,
        direction,
        number,
        size * options.connections * options.exchanges,
        wall_s,
        cpu.total_s,
        lane.idle_bytes,
        _process.peak_rss_bytes(peer.workers[0]),
        options.connections,
    )


def _request(token: str, body_bytes: int, answer_bytes: int) -> bytes:
    """A call with inline data of this size that asks for an answer of that size."""
    start = b'{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"video/mp4","data":"'
    body = start + b"AAAAIGZ0" * (body_bytes // 8) + b'"}}]}]}'
    headers = SDK_HEADERS | {
        "Accept-Encoding": "identity",
        "Host": _process.HOST,
        "Content-Length": str(len(body)),
        "X-Weighbridge-Key": token,
        "X-Department": "research",
        "X-Project": "audit-2026",
        "X-Agent": "nightly-report",
        "X-Bench-Answer-Bytes": str(answer_bytes),
    }
    lines = [f"POST /v1beta/models/{_origin.MODEL.name}:generateContent HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Client(asyncio.BufferedProtocol):
    """Sends its request again and again, each after the whole answer to the one before."""

    _buffer: ClassVar = bytearray(256 * 1024)

    def __init__(self, request: bytes, times: int) -> None:
        self._request = request
        self._times = times
        self._left = -1
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the answer was cut"))

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left < 0:
            # The upstream's head is short: it comes in one read, with some of the body.
            head, _, body = bytes(self._buffer[:nbytes]).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._left = int(length) - len(body)
        else:
            self._left -= nbytes
        if self._left == 0:
            self._left = -1
            self._times -= 1
            if self._times:
                self._transport.write(self._request)
            else:
                self.done.set_result(None)


async def _exchange(port: int, request: bytes, connections: int, times: int) -> None:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Client(request, times), _process.HOST, port)
        for _ in range(connections)
    ]
    try:
        await asyncio.wait_for(asyncio.gather(*(client.done for _, client in opened)), 120)
    except TimeoutError:
        _process.fail(f"the exchanges through port {port} did not end within 120 s")
    for transport, _ in opened:
        transport.close()


def _show(options: argparse.Namespace, runs: list[Run]) -> None:
    for direction in (UP, DOWN):
        mine: dict[str, list[Run]] = {}
        for run in runs:
            if run.direction == direction:
                mine.setdefault(run.peer, []).append(run)
        _report.table(
            f"{options.megabytes} MB {direction}, {options.connections} at once",
            [
                "peer",
                "MB/s",
                "MB per CPU s",
                "rate ÷ nginx",
                "per CPU s ÷ nginx",
                "memory MB/exchange",
            ],
            [_row(name, its, mine.get("nginx", [])) for name, its in mine.items()],
        )


def _row(name: str, mine: list[Run], nginx: list[Run]) -> list[str]:
    rate = [run.mb_per_s / other.mb_per_s for run, other in zip(mine, nginx, strict=False)]
    cost = [run.mb_per_cpu_s / other.mb_per_cpu_s for run, other in zip(mine, nginx, strict=False)]
    direct = name == "direct"
    return [
        name,
        _report.spread([run.mb_per_s for run in mine]),
        "" if direct else _report.spread([run.mb_per_cpu_s for run in mine]),
        "" if direct or not rate else _report.spread(rate, 2),
        "" if direct or not cost else _report.spread(cost, 2),
        "" if direct else _report.spread([run.growth_mb for run in mine], 2),
    ]


if __name__ == "__main__":
    main()
