"""Chromium for end-to-end tests, by Playwright, with everything that leaves the machine off.

Hides where the browser is found and which flags it needs in a container. Rules for future
edits: a page that a test opens fails it for any error on its console and for any request that
does not go to the page's own origin; fixtures that start it live no longer than a module, for
while Playwright runs no asynchronous test can. `wait_for_function` evaluates text inside the
page, which our policy forbids: wait for locators.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from processes import Bridge

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
DESKTOP = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}
WITHIN_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; skips the test where there is none and nobody promised one."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have a browser: none of {', '.join(_NAMES)} is on the path")
        pytest.skip(f"needs a browser: none of {', '.join(_NAMES)} is on the path")
    expect.set_options(timeout=WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, headless=True, args=list(_FLAGS)
        )
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A page of a browser, and what went wrong on it."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self._context = browser.new_context(base_url=origin, **{"viewport": DESKTOP, **options})
        self._host = urlsplit(origin).netloc
        self.problems: list[str] = []
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(WITHIN_MS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._asked)

    def __repr__(self) -> str:
        return f"<Tab {self.page.url}, {len(self.problems)} problems>"

    def close(self) -> None:
        """Close the page, and fail if anything went wrong on it."""
        self._context.close()
        assert not self.problems, "\n".join(self.problems)

    def sign_up(self, link: str, name: str = "Ada", password: str = "five wet lorries") -> None:
        """Use a one-time link up: choose a password, and be signed in."""
        self.page.goto(link)
        for field, value in (("name", name), ("password", password), ("again", password)):
            box = self.page.locator(f"input[name={field}]")
            if box.count():
                box.fill(value)
        self.page.locator("form button").click()
        self.page.wait_for_url(lambda url: "/welcome/" not in url)

    def signed_in(self) -> str:
        """What another tab needs to be signed in as this one is, as JSON."""
        return json.dumps(self.page.context.storage_state())

    def open(self, path: str) -> int:
        """Go to a page and wait until all of it is there; gives its status."""
        answer = self.page.goto(path)
        assert answer is not None
        self.settle()
        return answer.status

    def settle(self) -> None:
        """Until nothing is awaited: charts are drawn, what follows the page has come."""
        self.wait_for_charts()
        for late in ("[data-rest]", "[data-late] > noscript"):
            expect(self.page.locator(late)).to_have_count(0)

    def wait_for_charts(self) -> None:
        """Until every chart is drawn."""
        waiting = self.page.locator("[data-chart]:not([data-drawn])")
        expect(waiting).to_have_count(0)

    def ink(self, selector: str) -> int:
        """How many pixels of a canvas have a colour, greys not counted."""
        counted = self.page.locator(selector).evaluate(
            """canvas => {
              const area = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              let inked = 0;
              for (let at = 0; at < area.data.length; at += 4) {
                const [red, green, blue] = area.data.subarray(at, at + 3);
                if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) inked += 1;
              }
              return inked;
            }"""
        )
        return int(counted)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.netloc != self._host:
            self.problems.append(f"a request left for {request.url}")


def signed_up(browser: Browser, bridge: Bridge, name: str, role: str = "admin") -> Tab:
    """The tab of a new person, in which they have just used their one-time link up."""
    user = bridge.command("user", "create", "--name", name, "--role", role)
    tab = Tab(browser, bridge.admin_url)
    tab.sign_up(bridge.admin_url + urlsplit(user["one_time"]["link"]).path, name)
    return tab
