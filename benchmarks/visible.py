"""How soon a call is seen after its last byte: in a query, and on the live page in a browser.

Calls are sent one by one at random moments, so that they fall anywhere between two loads of the
ledger. A query asks for the call again and again until it is counted; the page of exchanges is
open in Chromium, refreshes as it does for anybody, and an observer in it notes the instant at which
the call's row is drawn. Both clocks are the machine's. There is no peer: what is promised is a
second. With `--load`, wrk sends as many calls as it can beside them.

Reach (design, D): p99 ≤ 1 s after the last byte.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).parent))
import _load
import _proxies
from _process import HOST, fail
from _report import add_common_options, percentile, progress, table, work_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN_S = 30.0
PASSWORD = "five wet lorries"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
# Notes when a row of each exchange is drawn for the first time, by the clock of the machine.
_OBSERVER = """
window.drawn = {};
const look = () => {
  for (const link of document.querySelectorAll('tbody a[href^="/exchanges/"]')) {
    const id = link.pathname.split("/").at(-1);
    window.drawn[id] ??= performance.timeOrigin + performance.now();
  }
};
new MutationObserver(() => requestAnimationFrame(look)).observe(
  document, { subtree: true, childList: true });
"""


def main() -> int:
    options = _options()
    delays: dict[str, list[float]] = {"in a query": [], "on the live page": []}
    with work_folder(options) as folder, ExitStack() as stack:
        origin, origin_port = _proxies.start_origin(folder)
        stack.callback(origin.stop)
        bridge = _proxies.start_weighbridge(folder, origin_port)
        stack.callback(bridge.stop)
        admin = bridge.process.wait_for_line(r"^ready gateway=\S+ admin=(http://\S+)")[1]
        drawn = stack.enter_context(_live_page(bridge, admin))
        if options.load:
            stack.enter_context(_busy(folder, bridge))
        asked = stack.enter_context(_asking(bridge, admin))
        chance, send = Random(1), _sender(bridge)
        for number in range(options.calls):
            time.sleep(chance.random() / 2)
            ended, exchange_id = send(number)
            delays["in a query"].append(asked(number) - ended)
            if drawn is not None:
                delays["on the live page"].append(drawn(exchange_id) - ended)
            progress(f"call {number + 1} of {options.calls}")
    _show(delays)
    write_json(options.json, {"load": options.load, "seconds": delays})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--load", action="store_true", help="with wrk sending calls beside")
    add_common_options(parser)
    return parser.parse_args()


def _show(delays: dict[str, list[float]]) -> None:
    table(
        "Seen after the last byte, ms",
        ["", "p50", "p95", "p99", "most"],
        [
            [name, *(f"{percentile(found, share) * 1000:.0f}" for share in (0.5, 0.95, 0.99, 1))]
            for name, found in delays.items()
            if found
        ],
    )


def _sender(bridge: _proxies.Peer) -> Callable[[int], tuple[float, str]]:
    """Sends a call of an agent of its own; gives when its last byte came, and its id."""
    calls = bridge.calls()
    connection = http.client.HTTPConnection(HOST, bridge.port, timeout=WITHIN_S)

    def send(number: int) -> tuple[float, str]:
        call = calls[number % len(calls)]
        headers = {**call.headers, "X-Agent": f"visible-{number}"}
        connection.request("POST", call.path, call.body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            fail(f"a call was answered {answer.status}")
        return time.time(), answer.headers["X-Weighbridge-Id"]

    return send


@contextmanager
def _asking(bridge: _proxies.Peer, admin: str) -> Iterator[Callable[[int], float]]:
    """When a call is counted by a query."""
    assert bridge.data is not None
    asked = ("key", "create", "--name", "visible", "--role", "viewer", "--json")
    key: Any = _proxies.weighbridge_json(bridge.data, *asked)
    headers = {"Authorization": f"Bearer {key['key']}"}
    with httpx.Client(base_url=admin, headers=headers, timeout=WITHIN_S) as client:

        def counted(number: int) -> float:
            question = {"filters": {"agent": [f"visible-{number}"]}, "metrics": ["exchanges"]}
            deadline = time.time() + WITHIN_S
            while time.time() < deadline:
                answer = client.post("/api/v1/query", content=json.dumps(question))
                now = time.time()
                if answer.status_code == 200 and answer.json()["totals"]["exchanges"]:
                    return now
                time.sleep(0.005)
            return fail(f"call {number} is in no query after {WITHIN_S:.0f} s")

        yield counted


@contextmanager
def _live_page(bridge: _proxies.Peer, admin: str) -> Iterator[Callable[[str], float] | None]:
    """When a call's row is drawn in a browser; None where there is no browser to look with."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        playwright = import_module("playwright.sync_api")
    except ImportError:
        playwright = None
    if chromium is None or playwright is None:
        progress("no Chromium or no Playwright: the page is left out")
        yield None
        return
    assert bridge.data is not None
    user: Any = _proxies.weighbridge_json(bridge.data, "user", "create", "--name", "eye", "--json")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        page = browser.new_page()
        page.add_init_script(_OBSERVER)
        page.goto(admin + urlsplit(user["one_time"]["link"]).path)
        for name in ("password", "again"):
            page.locator(f"input[name={name}]").fill(PASSWORD)
        page.locator("form button").click()
        page.wait_for_url(lambda url: "/welcome/" not in url)
        page.goto(f"{admin}/exchanges?search=visible")

        def drawn(exchange_id: str) -> float:
            row = page.locator(f'tbody a[href*="{exchange_id}"]').first
            row.wait_for(timeout=WITHIN_S * 1000)
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
            instant: float = page.evaluate("(id) => window.drawn[id]", exchange_id)
            return instant / 1000

        yield drawn
        browser.close()


@contextmanager
def _busy(folder: Path, bridge: _proxies.Peer) -> Iterator[None]:
    """Eight connections that send call after call, until the block ends."""
    script = _load.write_script(folder / "busy.lua", bridge.calls())
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            _load.run(script, bridge.port, core=_proxies.LOAD_CORE, connections=8, seconds=2)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


if __name__ == "__main__":
    sys.exit(main())
