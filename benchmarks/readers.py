"""What open dashboards cost the gateway's callers: latency with none open, and with twenty.

Twenty readers have the overview of a filled ledger open and refresh it as the browser does: the
page, its chart, what follows it, then a rest of ten seconds or of twenty times what it took.
Meanwhile one connection sends call after call through the gateway. Readers take CPU time from
the load generator too, so the peer is the upstream without a gateway under the same readers:
what the gateway adds is the difference.

Reach (design, D3): twenty open dashboards leave the gateway's latency where it was.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx

import _load
import _process
import _proxies
import _report
from _ledger_rows import END_UNIX_US, fill
from weighbridge.core.clock import from_unix_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REST_S = 10.0
_REST_TIMES = 20
_STATES = ("none open", "open")
_FIGURES = ("p50_us", "p99_us")
UNTIL = from_unix_us(END_UNIX_US)
RANGE = {"since": (UNTIL - timedelta(days=30)).isoformat(), "until": UNTIL.isoformat()}
SEEN = ("/overview", "/overview/chart/time.json", "/overview/late")


def main() -> None:
    options = _options()
    if options.read_from:
        _read_for_ever(options)
        return
    _proxies.need_two_cores()
    with _report.work_folder(options) as folder, ExitStack() as stack:
        fill(folder / "weighbridge-data", options.rows, days=90)
        origin, origin_port = _proxies.start_origin(folder)
        stack.callback(origin.stop)
        bridge = _proxies.start_weighbridge(folder, origin_port)
        stack.callback(bridge.stop)
        direct = _proxies.Peer("direct", origin_port, origin, [origin.pid])
        figures = _measure(options, folder, [direct, bridge])
    _show(options, figures)
    _report.write_json(options.json, {"readers": options.readers, "figures": figures})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="exchanges in the ledger")
    parser.add_argument("--readers", type=int, default=20, help="open dashboards")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="of each run")
    parser.add_argument("--read-from", help=argparse.SUPPRESS)
    _report.add_common_options(parser)
    return parser.parse_args()


Figures = dict[str, list[dict[str, float]]]


def _measure(options: argparse.Namespace, folder: Path, peers: list[_proxies.Peer]) -> Figures:
    scripts = {
        peer.name: _load.write_script(folder / f"{peer.name}.lua", peer.calls()) for peer in peers
    }
    data = peers[-1].data
    assert data is not None
    key = _proxies.weighbridge_json(
        data, *("key", "create", "--name", "readers", "--role", "viewer", "--json")
    )
    assert isinstance(key, dict)
    admin = peers[-1].process.wait_for_line(r"^ready gateway=\S+ admin=(http://\S+)")[1]
    figures: Figures = {f"{peer.name}, {state}": [] for state in _STATES for peer in peers}
    for turn in range(options.rounds + 1):
        for state in _STATES:
            with _dashboards(options, folder, admin, str(key["key"]), state) as answered:
                for peer in peers:
                    load = _load.run(
                        scripts[peer.name],
                        peer.port,
                        core=_proxies.LOAD_CORE,
                        connections=1,
                        seconds=options.seconds if turn else 2,
                    )
                    if turn:
                        seen = {"p50_us": float(load.p50_us), "p99_us": float(load.p99_us)}
                        figures[f"{peer.name}, {state}"].append(seen)
                    _report.progress(
                        f"round {turn}/{options.rounds} {peer.name}, {state}: p50 {load.p50_us} "
                        f"µs, p99 {load.p99_us} µs, {answered()} answers to readers",
                    )
    return figures


@contextmanager
def _dashboards(
    options: argparse.Namespace, folder: Path, admin: str, key: str, state: str
) -> Iterator[Callable[[], int]]:
    """Readers in a process of their own while the block runs; yields how many answers they got."""
    count = folder / "answers"
    if state == _STATES[0]:
        yield lambda: 0
        return
    count.write_text("")
    command = [sys.executable, __file__, "--readers", str(options.readers), "--read-from", admin]
    child = subprocess.Popen(
        command, env={**os.environ, "READER_KEY": key, "READER_COUNT": str(count)}
    )
    try:
        deadline = time.monotonic() + 60
        while count.stat().st_size < options.readers and time.monotonic() < deadline:
            time.sleep(0.1)
        yield lambda: count.stat().st_size
        if child.poll() is not None:
            _process.fail(f"the readers ended with {child.returncode}")
    finally:
        child.terminate()
        child.wait(10)


def _read_for_ever(options: argparse.Namespace) -> None:
    headers = {"Authorization": f"Bearer {os.environ['READER_KEY']}"}
    count = Path(os.environ["READER_COUNT"])

    def reader(number: int) -> None:
        time.sleep(_REST_S * number / options.readers / 4)
        with httpx.Client(base_url=options.read_from, headers=headers, timeout=60) as client:
            while True:
                began = time.monotonic()
                for path in SEEN:
                    answer = client.get(path, params=RANGE | {"whole": "shared"})
                    if answer.status_code not in (200, 429):
                        os._exit(3)
                with count.open("a") as file:
                    file.write(".")
                time.sleep(max(_REST_S, _REST_TIMES * (time.monotonic() - began)))

    threads = [threading.Thread(target=reader, args=(n,)) for n in range(options.readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _show(options: argparse.Namespace, figures: Figures) -> None:
    def middle(name: str, figure: str) -> float:
        return median(run[figure] for run in figures[name])

    rows = []
    for state in _STATES:
        for name in ("direct", "weighbridge"):
            here = f"{name}, {state}"
            row = [here]
            row += [_report.spread([run[figure] for run in figures[here]]) for figure in _FIGURES]
            row += [
                "" if name == "direct" else f"{middle(here, f) - middle(f'direct, {state}', f):.0f}"
                for f in _FIGURES
            ]
            rows.append(row)
    _report.table(
        f"{options.readers} dashboards over {options.rows:,} rows; one connection, in µs",
        ["", "p50", "p99", "added p50", "added p99"],
        rows,
    )


if __name__ == "__main__":
    main()
