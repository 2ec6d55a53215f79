"""Where a gateway worker spends its time under load.

Three views of the same load (wrk, fixed answers, one worker):

- `--by sample` (default): py-spy, every 2 ms, hardly slows the worker; shares per function.
- `--by call`: cProfile inside the worker; slows it about twice, but counts calls per request, so
  what runs more often than it should is seen.
- `--by kernel`: perf, native symbols of the interpreter, uvloop and the kernel.

Figures of single functions are for finding work to save, never for a claim of speed: that is
`peers.py`.
"""

from __future__ import annotations

import argparse
import pstats
import subprocess
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import _load
import _process
import _proxies
import _report
from _install import environment

if TYPE_CHECKING:
    from _proxies import Peer

PY_SPY = "py-spy==0.4.3"
_IDLE_THREAD = "_worker (futures/thread.py)"
_HOOK = Path(__file__).with_name("profiling")


def main() -> None:
    options = _options()
    _proxies.need_two_cores()
    with _report.work_folder(options) as folder, ExitStack() as stack:
        origin, port = _proxies.start_origin(folder, options.answer)
        stack.callback(origin.stop)
        dump = folder / "calls.prof"
        env = {"PYTHONPATH": str(_HOOK), "BENCH_PROFILE": str(dump)} if options.by == "call" else {}
        peer = _proxies.start_weighbridge(folder, port, env)
        stack.callback(peer.stop)
        script = _load.write_script(folder / "calls.lua", peer.calls())
        if options.by != "call":
            _run(options, peer, script, seconds=2)
        recorder = _recorder(options, folder, peer)
        load = _run(options, peer, script, options.seconds + 1)
        if recorder:
            recorder.wait(timeout=60)
        if options.by == "call":
            peer.stop()
            _show_calls(dump, load.requests, options.top)
        elif options.by == "sample":
            _show_samples(folder / "samples.txt", options.top)
        else:
            _show_kernel(folder / "perf.data", options.top)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--by", choices=["sample", "call", "kernel"], default="sample")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--top", type=int, default=40, help="functions to show")
    parser.add_argument("--answer", choices=["sized", "chunked", "gzip"], default="sized")
    _report.add_common_options(parser)
    return parser.parse_args()


def _run(options: argparse.Namespace, peer: Peer, script: Path, seconds: int) -> _load.Load:
    cpu = _process.cpu_of(peer.workers)
    load = _load.run(
        script,
        peer.port,
        core=_proxies.LOAD_CORE,
        connections=options.connections,
        seconds=seconds,
    )
    cpu = _process.cpu_of(peer.workers) - cpu
    _report.progress(
        f"{load.per_second:,.0f} requests/s; CPU µs/request: "
        f"{cpu.user_s * 1e6 / load.requests:.1f} user, "
        f"{cpu.system_s * 1e6 / load.requests:.1f} system",
    )
    return load


def _recorder(
    options: argparse.Namespace,
    folder: Path,
    peer: Peer,
) -> subprocess.Popen[bytes] | None:
    pid, seconds = str(peer.workers[0]), str(options.seconds)
    if options.by == "sample":
        command = [str(environment("profile", PY_SPY) / "py-spy"), "record", "--pid", pid]
        command += ["--duration", seconds, "--rate", "500", "--format", "raw"]
        command += ["--output", str(folder / "samples.txt")]
    elif options.by == "kernel":
        command = [_process.need("perf", "linux-perf"), "record", "--pid", pid, "--quiet"]
        command += ["--freq", "2000", "--output", str(folder / "perf.data")]
        command += ["--", "sleep", seconds]
    else:
        return None
    with (folder / "recorder.log").open("wb") as log:
        return subprocess.Popen(
            ["taskset", "-c", str(_proxies.LOAD_CORE), *command],
            stdout=log,
            stderr=log,
        )


def _show_samples(samples: Path, top: int) -> None:
    """Shares per function: itself on top of the stack, and anywhere in it."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    total = 0
    for line in samples.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [_short(frame) for frame in stack.split(";")]
        if frames[-1] == _IDLE_THREAD:
            continue
        total += int(count)
        own[frames[-1]] += int(count)
        within.update(dict.fromkeys(frames, int(count)))
    rows = [
        [name, f"{count / total:.1%}", f"{within[name] / total:.1%}"]
        for name, count in own.most_common(top)
    ]
    _report.table(f"{total} samples", ["function", "itself", "with what it calls"], rows)


def _short(frame: str) -> str:
    """`name (file.py)` of py-spy's `name (path/file.py:line)`."""
    name, _, place = frame.partition(" (")
    return f"{name} ({'/'.join(place.partition(':')[0].split('/')[-2:])})"


def _show_calls(dump: Path, requests: int, top: int) -> None:
    _report.progress(f"{requests:,} requests; calls per request is ncalls over that")
    stats = pstats.Stats(str(dump))
    rows = [
        [
            f"{Path(file).name}:{line}({name})",
            f"{calls / requests:.2f}",
            f"{own / requests * 1e6:.2f}",
        ]
        for (file, line, name), (_, calls, own, _, _) in sorted(
            stats.stats.items(),  # type: ignore[attr-defined]
            key=lambda item: -item[1][2],
        )[:top]
    ]
    _report.table("Calls", ["function", "calls/request", "own µs/request"], rows)


def _show_kernel(data: Path, top: int) -> None:
    command = [_process.need("perf", "linux-perf"), "report", "--input", str(data), "--stdio"]
    command += ["--sort", "dso,symbol", "--percent-limit", "0.4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    print("\n".join(lines[:top]))


if __name__ == "__main__":
    main()
