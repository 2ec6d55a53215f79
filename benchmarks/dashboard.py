"""The dashboard over ten million exchanges: each page's frame, the whole page, and its regions.

A gateway is served over a ledger that was filled beforehand, and every page is asked for the last
30 days of it as a browser does it: the page, then the charts and tables that it names, one at a
time. The frame is what comes before the ledger has answered, the first thing that a reader sees.
Each turn asks for a range a second earlier than the one before, so that nothing was answered
before; then the same is asked once more (*again*), as another reader or a live refresh does while
no row came. The peer is a file of the same server, the style sheet: what an answer costs that
needs no ledger.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

sys.path.insert(0, str(Path(__file__).parent))
from _ledger_rows import END_UNIX_US, fill
from _process import Process, fail, free_port
from _report import add_common_options, percentile, progress, table, work_folder, write_json
from weighbridge.core.clock import from_unix_us
from weighbridge.dashboard.site import PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

UNTIL = from_unix_us(END_UNIX_US)
WEIGHBRIDGE = Path(sys.executable).with_name("weighbridge")

# Pages of which more than the bare address is asked: one agent, one label, one other model.
OPENED = {
    "/agents/one": "agent=agent-7",
    "/labels": "by=label:customer",
    "/what-if": "models=gemini-2.5-flash",
}
_REGION = re.compile(r'data-(?:rest|chart|late)="([^"]+)"')
_FIRST_EXCHANGE = re.compile(r'href="(/exchanges/[0-9a-f-]{36})')

Figures = dict[str, dict[str, list[float]]]


def main() -> int:
    options = _options()
    with work_folder(options) as work:
        data = work / "data"
        if options.data is not None:
            shutil.copytree(options.data, data, ignore=shutil.ignore_patterns("*.sock"))
        else:
            fill(
                data,
                options.rows,
                days=options.days,
                threads=options.threads,
                memory=options.memory,
            )
        figures = _measure(work, data, options)
    _show(figures, options)
    write_json(options.json, {"pages": figures})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="exchanges in the ledger")
    parser.add_argument("--days", type=int, default=90, help="days that they are spread over")
    parser.add_argument("--data", type=Path, help="copy this filled data folder instead")
    parser.add_argument("--repeats", type=int, default=20, help="turns of each page")
    parser.add_argument("--threads", type=int, default=2, help="cores for DuckDB")
    parser.add_argument("--memory", default="2GB", help="memory limit for DuckDB")
    add_common_options(parser)
    return parser.parse_args()


def _measure(work: Path, data: Path, options: argparse.Namespace) -> Figures:
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
        asked = (*("key", "create", "--name", "bench", "--role", "admin"), "--data", str(data))
        made = subprocess.run(
            [str(WEIGHBRIDGE), *asked, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        headers = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
        with httpx.Client(base_url=f"http://{admin}", headers=headers, timeout=60) as client:
            return _rounds(client, options.repeats)
    finally:
        server.stop()


def _rounds(client: httpx.Client, repeats: int) -> Figures:
    figures: Figures = {}
    sheet = client.get("/prices").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    for turn in range(repeats + 1):
        seen = figures if turn else {}
        for path in _addresses(client, turn):
            _visit(client, path, seen)
        _note(seen, "/style", _ask(client, sheet)[:2])
        progress(f"round {turn} of {repeats}")
    return figures


def _addresses(client: httpx.Client, turn: int) -> list[str]:
    """Every page that needs no name of the control database, over a range of this turn's own."""
    ends = (UNTIL - timedelta(days=30, seconds=turn), UNTIL - timedelta(seconds=turn))
    ranged = "since={:%Y-%m-%dT%H:%M:%SZ}&until={:%Y-%m-%dT%H:%M:%SZ}".format(*ends)
    found = []
    for page in PAGES:
        if "{" not in page.path:
            more = [OPENED[page.path]] if page.path in OPENED else []
            query = "&".join([ranged, *more] if page.ranged else more)
            found.append(f"{page.path}?{query}" if query else page.path)
    first = _FIRST_EXCHANGE.search(client.get(f"/exchanges?{ranged}").text)
    return [*found, first[1]] if first else found


def _visit(client: httpx.Client, address: str, seen: Figures) -> None:
    """The page and its regions as a browser asks for them, and all of it once more."""
    for again in (False, True):
        *took, text = _ask(client, address)
        _note(seen, _name(address), took, again=again)
        for region in _REGION.findall(text):
            _note(seen, _name(region), _ask(client, html.unescape(region))[:2], again=again)


def _name(address: str) -> str:
    path = address.partition("?")[0] + (" (percentiles)" if "whole=" in address else "")
    return "/exchanges/{name}" if _FIRST_EXCHANGE.match(f'href="{path}') else path


def _note(seen: Figures, name: str, took: Sequence[float], *, again: bool = False) -> None:
    of_this = seen.setdefault(name, {"first_ms": [], "whole_ms": [], "again_ms": []})
    if again:
        of_this["again_ms"].append(took[1])
    else:
        of_this["first_ms"].append(took[0])
        of_this["whole_ms"].append(took[1])


def _ask(client: httpx.Client, address: str) -> tuple[float, float, str]:
    """Milliseconds to the first bytes of the body, and to the last; and the body."""
    begun, first = time.perf_counter(), 0.0
    text = ""
    with client.stream("GET", address) as answer:
        for part in answer.iter_text():
            first = first or time.perf_counter()
            text += part
    if answer.status_code != 200:
        fail(f"{address} answered {answer.status_code}")
    return (first - begun) * 1000, (time.perf_counter() - begun) * 1000, text


def _show(figures: Figures, options: argparse.Namespace) -> None:
    plain = percentile(figures["/style"]["whole_ms"], 0.5)

    def row(path: str) -> Sequence[str]:
        first, whole = figures[path]["first_ms"], figures[path]["whole_ms"]
        again = figures[path]["again_ms"]
        return [
            path,
            f"{percentile(first, 0.5):.1f}",
            f"{percentile(first, 0.95):.1f}",
            f"{percentile(whole, 0.5):.0f}",
            f"{percentile(whole, 0.95):.0f}",
            f"{percentile(whole, 0.5) / plain:.1f}",
            f"{percentile(again, 0.5):.0f}" if again else "",
        ]

    table(
        f"30 days out of {options.rows:,} rows, {options.threads} cores, ms",
        ["", "first byte p50", "p95", "whole p50", "p95", "× a plain file", "again p50"],
        [row(path) for path in figures],
    )


if __name__ == "__main__":
    sys.exit(main())
