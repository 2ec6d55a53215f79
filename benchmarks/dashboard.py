"""The dashboard over ten million exchanges: a page's frame, the whole page, its charts.

A gateway is served over a ledger that was filled beforehand, and its pages are asked for the last
30 days of it, one at a time, in turns. The frame is what comes before the ledger has answered, the
first thing that a reader sees. The peer is a file of the same server, the style sheet: what an
answer costs that needs no ledger.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

sys.path.insert(0, str(Path(__file__).parent))
from _ledger_rows import END_UNIX_US, fill
from _process import Process, fail, free_port
from _report import add_common_options, percentile, progress, table, work_folder, write_json
from weighbridge.core.clock import from_unix_us

if TYPE_CHECKING:
    from collections.abc import Sequence

UNTIL = from_unix_us(END_UNIX_US)
RANGE = {"since": (UNTIL - timedelta(days=30)).isoformat(), "until": UNTIL.isoformat()}
WEIGHBRIDGE = Path(sys.executable).with_name("weighbridge")

PAGES = ("overview", "series", "agents", "departments", "projects", "models", "exchanges")
DATA = (
    *("overview/chart/time.json", "agents/chart/time.json", "models/chart/time.json"),
    *("overview/late", "exchanges.json"),
)


def main() -> int:
    options = _options()
    with work_folder(options) as work:
        data = work / "data"
        fill(
            data,
            options.rows,
            days=options.days,
            threads=options.threads,
            memory=options.memory,
        )
        figures = _measure(work, data, options)
    _show(figures, options)
    write_json(options.json, figures)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="exchanges in the ledger")
    parser.add_argument("--days", type=int, default=90, help="days that they are spread over")
    parser.add_argument("--repeats", type=int, default=20, help="turns of each page")
    parser.add_argument("--threads", type=int, default=2, help="cores for DuckDB")
    parser.add_argument("--memory", default="2GB", help="memory limit for DuckDB")
    add_common_options(parser)
    return parser.parse_args()


def _measure(work: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    gateway, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
    config = work / "config.toml"
    config.write_text(f'[ledger]\nthreads = {options.threads}\nmemory_limit = "{options.memory}"\n')
    command = [
        *(str(WEIGHBRIDGE), "serve", "--config", str(config), "--data", str(data)),
        *("--listen", gateway, "--admin-listen", admin, "--workers", "1"),
    ]
    log = work / "serve.log"
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    server = Process("serve", child, log)
    try:
        server.wait_for_line(r"^ready gateway=", timeout_s=60)
        asked = (*("key", "create", "--name", "bench", "--role", "viewer"), "--data", str(data))
        made = subprocess.run(
            [str(WEIGHBRIDGE), *asked, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        headers = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
        with httpx.Client(
            base_url=f"http://{admin}", headers=headers, params=RANGE, timeout=60
        ) as client:
            return _rounds(client, options.repeats)
    finally:
        server.stop()


def _rounds(client: httpx.Client, repeats: int) -> dict[str, Any]:
    sheet = client.get("/overview").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    paths = [*(f"/{page}" for page in PAGES), *(f"/{path}" for path in DATA), sheet]
    figures: dict[str, dict[str, list[float]]] = {
        path: {"first_ms": [], "whole_ms": []} for path in paths
    }
    for turn in range(repeats + 1):
        for path in paths:
            first, whole = _ask(client, path)
            if turn:
                figures[path]["first_ms"].append(first)
                figures[path]["whole_ms"].append(whole)
        progress(f"round {turn} of {repeats}")
    figures["/style"] = figures.pop(sheet)
    return figures


def _ask(client: httpx.Client, path: str) -> tuple[float, float]:
    """Milliseconds to the first bytes of the body, and to the last."""
    begun, first = time.perf_counter(), 0.0
    with client.stream("GET", path) as answer:
        for _ in answer.iter_raw():
            first = first or time.perf_counter()
    if answer.status_code != 200:
        fail(f"{path} answered {answer.status_code}")
    return (first - begun) * 1000, (time.perf_counter() - begun) * 1000


def _show(figures: dict[str, dict[str, list[float]]], options: argparse.Namespace) -> None:
    plain = percentile(figures["/style"]["whole_ms"], 0.5)

    def row(path: str) -> Sequence[str]:
        first, whole = figures[path]["first_ms"], figures[path]["whole_ms"]
        return [
            path,
            f"{percentile(first, 0.5):.1f}",
            f"{percentile(first, 0.95):.1f}",
            f"{percentile(whole, 0.5):.0f}",
            f"{percentile(whole, 0.95):.0f}",
            f"{percentile(whole, 0.5) / plain:.1f}",
        ]

    table(
        f"30 days out of {options.rows:,} rows, {options.threads} cores, ms",
        ["", "first byte p50", "p95", "whole p50", "p95", "× a plain file"],
        [row(path) for path in figures],
    )


if __name__ == "__main__":
    sys.exit(main())
