"""Channels in a real browser: one is added and tested by an administrator's hand."""

from collections.abc import Iterator

import pytest
from browser import Tab, signed_up
from playwright.sync_api import Browser
from processes import Bridge
from receiver import Webhook, webhook


@pytest.fixture
def tab(bridge: Bridge, browser: Browser) -> Iterator[Tab]:
    opened = signed_up(browser, bridge, "Nora")
    yield opened
    opened.close()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


def test_a_channel_is_tested_by_its_button(tab: Tab, hook: Webhook) -> None:
    """The message is there when the page says so, and a failure is told with its reason."""
    page = tab.page
    tab.open("/alerts")
    if page.locator("#form-channel[open]").count() == 0:
        page.locator("#form-channel summary").click()
    form = page.locator("#form-channel")
    form.get_by_label("Name").fill("by hand")
    form.locator("[name=url]").fill(hook.url)
    form.get_by_role("button", name="Add").click()
    page.wait_for_url("**/channels/chn_*")
    page.get_by_role("button", name="Send a message now").click()
    page.wait_for_url("**?done=sent")
    assert hook.got.get_nowait()["title"] == "Test of a Weighbridge channel"
    hook.statuses = [500]
    page.get_by_role("button", name="Send a message now").click()
    page.wait_for_url("**?done=unsent")
    assert hook.got.qsize() == 1
    assert page.get_by_text("http_500").count() > 0
    assert "s3cr3t" not in page.content()
