"""What it costs that a budget is shared with another gateway, over a store between them.

Three gateways: one alone, and two that share budgets through a Valkey or Redis, of which one is
called and the other only there. The same calls go to the one alone and to the one that shares,
under the same two budgets that block (over everything, and per agent), turn by turn: first over
many connections for CPU per call of the worker, the control process and the store, then over one
for the latency. What sharing costs at rest, without a call, is weighed as well.

Workers know nothing of other gateways, so a call should take as long: expected are a ratio of 1 for
worker and latency, and some more for the control process.
"""

from __future__ import annotations

import argparse
import shutil
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

import _load
import _process
import _proxies
import _report

if TYPE_CHECKING:
    from pathlib import Path

    from _process import Process
    from _proxies import Peer

ALONE, SHARED = "alone", "shared"
_STORES = ("valkey-server", "redis-server")
_BUDGETS = ((), ("--per", "agent"))
_SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """One turn at one gateway; CPU by process, in µs per call and, at rest, in ms per second."""

    calls: int
    worker_us: float
    control_us: float
    store_us: float
    control_rest_ms: float
    store_rest_ms: float
    p50_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """The processes of a gateway, and of the store that it asks, none for the one alone."""

    peer: Peer
    control: list[int]
    store: list[int]

    def cpu_us(self) -> tuple[float, float, float]:
        """What worker, control process and store have used since they began."""
        of = (self.peer.workers, self.control, self.store)
        worker, control, store = (_process.cpu_of(pids).total_s * 1e6 for pids in of)
        return worker, control, store


def main() -> None:
    options = _options()
    _proxies.need_two_cores()
    runs: dict[str, list[Run]] = {ALONE: [], SHARED: []}
    with _report.work_folder(options) as folder, ExitStack() as stack:
        gateways = _start(folder, stack)
        scripts = {
            name: _load.write_script(folder / f"{name}.lua", weighed.peer.calls())
            for name, weighed in gateways.items()
        }
        time.sleep(_SETTLE_S)
        for turn in range(options.rounds + 1):
            for name, weighed in gateways.items():
                run = _turn(weighed, scripts[name], options, warm_up=not turn)
                if turn:
                    runs[name].append(run)
                _report.progress(f"round {turn}/{options.rounds} {name}: {run}")
    _show(runs)
    _report.write_json(
        options.json, {name: [asdict(run) for run in each] for name, each in runs.items()}
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--connections", type=int, default=32)
    _report.add_common_options(parser)
    return parser.parse_args()


def _start(folder: Path, stack: ExitStack) -> dict[str, Weighed]:
    origin, origin_port = _proxies.start_origin(folder)
    stack.callback(origin.stop)
    store, url = _start_store(folder)
    stack.callback(store.stop)
    peers = {}
    for name in (ALONE, SHARED, "other"):
        (folder / name).mkdir()
        env = {"WEIGHBRIDGE_GATEWAY__NODE": name}
        if name != ALONE:
            env["WEIGHBRIDGE_BUDGETS__SHARED"] = url
        peers[name] = _proxies.start_weighbridge(folder / name, origin_port, env)
        stack.callback(peers[name].stop)
    gateways = {ALONE: _weighed(peers[ALONE], []), SHARED: _weighed(peers[SHARED], [store.pid])}
    for weighed in gateways.values():
        _set_budgets(weighed.peer)
    return gateways


def _start_store(folder: Path) -> tuple[Process, str]:
    binary = next((found for name in _STORES if (found := shutil.which(name))), None)
    if binary is None:
        _process.fail(f"none of {', '.join(_STORES)} is installed; apt-get install redis-server")
    port = _process.free_port()
    command = [binary, "--bind", _process.HOST, "--port", str(port), "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "no"]
    store = _process.start("store", command, folder=folder, core=_proxies.LOAD_CORE)
    store.wait_for_port(port)
    return store, f"redis://{_process.HOST}:{port}/0"


def _weighed(peer: Peer, store: list[int]) -> Weighed:
    running = _process.descendants(peer.process.pid)
    control = [pid for pid, line in running.items() if "weighbridge.compose.control" in line]
    if len(control) != 1:
        _process.fail(f"expected one control process under `weighbridge serve`, found {running}")
    return Weighed(peer, control, store)


def _set_budgets(peer: Peer) -> None:
    assert peer.data is not None
    for number, options in enumerate(_BUDGETS):
        made = ("budget", "set", "--name", f"bench-{number}", "--limit", "1000000", "--json")
        _proxies.weighbridge_json(peer.data, *made, "--action", "block", *options)


def _turn(weighed: Weighed, script: Path, options: argparse.Namespace, *, warm_up: bool) -> Run:
    """CPU until all that the calls brought is worked off, rest, and then the latency."""
    seconds = 2 if warm_up else options.seconds
    where = (script, weighed.peer.port)
    before = weighed.cpu_us()
    load = _load.run(
        *where, core=_proxies.LOAD_CORE, connections=options.connections, seconds=seconds
    )
    _process.wait_until_idle([*weighed.peer.workers, *weighed.control])
    after = weighed.cpu_us()
    began_s = time.monotonic()
    time.sleep(seconds)
    _, control_rest, store_rest = (
        (end - begin) / (time.monotonic() - began_s) / 1000
        for begin, end in zip(after, weighed.cpu_us(), strict=True)
    )
    worker, control, store = (
        (end - begin) / load.requests for begin, end in zip(before, after, strict=True)
    )
    one = _load.run(*where, core=_proxies.LOAD_CORE, connections=1, seconds=seconds)
    return Run(
        calls=load.requests,
        worker_us=worker,
        control_us=control,
        store_us=store,
        control_rest_ms=control_rest,
        store_rest_ms=store_rest,
        p50_us=one.p50_us,
        p99_us=one.p99_us,
    )


def _show(runs: dict[str, list[Run]]) -> None:
    rows = []
    for field, title, digits in (
        ("worker_us", "worker, CPU µs per call", 1),
        ("control_us", "control process, CPU µs per call", 1),
        ("store_us", "store, CPU µs per call", 2),
        ("control_rest_ms", "control process at rest, CPU ms per second", 1),
        ("store_rest_ms", "store at rest, CPU ms per second", 1),
        ("p50_us", "latency on one connection, p50 µs", 0),
        ("p99_us", "latency on one connection, p99 µs", 0),
    ):
        alone, shared = ([float(getattr(run, field)) for run in runs[each]] for each in runs)
        ratios = [two / one for one, two in zip(alone, shared, strict=True) if one]
        ratio = f"{median(ratios):.2f}" if ratios else ""
        rows.append(
            [title, _report.spread(alone, digits), _report.spread(shared, digits), ratio],
        )
    _report.table("A budget alone, and shared with another gateway", ["", *runs, "ratio"], rows)


if __name__ == "__main__":
    main()
