"""The checks of `accessibility` find what they are for: each fault of a page that has them all."""

from collections.abc import Iterator

import pytest
from accessibility import expected_stops, faults, stops
from browser import chromium
from playwright.sync_api import Page

POOR = """<!doctype html><html><head><title></title><style>
  .faint { color: #999; background: #fff } .plain:focus { outline: none } .wide { width: 9999px }
</style></head><body>
<h1>One</h1><h1>Two</h1><main><h4>Deep</h4><p class="faint">hardly there</p>
<img src="data:,"><canvas></canvas><input class="plain"><a href="#x" aria-label=""></a>
<button tabindex="2">First</button><table><tr><td>1</td></tr></table>
<input aria-label="Labelled" aria-describedby="nowhere" id="twice">
<p id="twice">.</p>
<div class="wide">wide</div><ul><p>no entry</p></ul></main></body></html>"""
FINE = """<!doctype html><html lang="en"><head><title>Fine</title><style>
  :focus-visible { outline: 2px solid #000 }</style></head><body>
<header><nav aria-label="Pages"><a href="#main">Here</a></nav></header>
<main id="main"><h1>Fine</h1><label>Name <input></label><button>Send</button></main>
</body></html>"""
TOLD = (
    *("input.plain", "has no name", "has no text of its own", "neither named nor hidden"),
    *("leads to no #nowhere", "#twice is there more than once", "says no language", "has no title"),
    *("there is no navigation", "there is no header", "not one heading", "follows a heading"),
    *("that it is a heading", "has what is no entry", "jumps ahead", "text has a contrast of 2.8"),
    *("does not show that it has the focus", "wider than the screen"),
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


def test_every_fault_is_told(page: Page) -> None:
    """One sentence or more for each."""
    page.set_content(POOR)
    found = "\n".join(faults(page))
    assert [words for words in TOLD if words not in found] == [], found


def test_a_page_in_order_has_none(page: Page) -> None:
    """Nor is anything out of the reach of Tab."""
    page.set_content(FINE)
    assert faults(page) == []
    assert stops(page, 2) == expected_stops(page)
    assert len(expected_stops(page)) == 2
