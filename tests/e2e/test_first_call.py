"""An empty gateway in a browser: one click, a command to paste, and its call shows by itself."""

import re
import shlex
from collections.abc import Callable

import httpx
from browser import chromium, signed_up
from playwright.sync_api import expect
from processes import Bridge


def test_the_first_call_is_one_click_and_one_command_away(serve: Callable[..., Bridge]) -> None:
    """The command is whole but for the Google key; what it sends is seen without reloading."""
    bridge = serve()
    with chromium() as browser:
        tab = signed_up(browser, bridge, "Ada", "editor")
        tab.open("/")
        expect(tab.page.get_by_role("heading", name="No calls yet")).to_be_visible()
        tab.page.get_by_role("button", name="Make a token and fill it in").click()
        tab.page.get_by_text("Waiting for the first call").wait_for()
        shown = tab.page.locator("#command").inner_text()
        words = shlex.split(
            shown.replace("\\\n", " ").replace("$GEMINI_API_KEY", "AIzaSyTESTfirst")
        )
        headers = dict(re.split(": ", word, maxsplit=1) for word in words if ": " in word[:30])
        assert words[0] == "curl"
        answer = httpx.post(words[1], headers=headers, content=words[-1], timeout=30)
        assert answer.status_code == 200
        tab.page.locator(".tiles strong").first.wait_for()
        expect(tab.page.get_by_text("Waiting for the first call")).to_have_count(0)
        tab.close()
