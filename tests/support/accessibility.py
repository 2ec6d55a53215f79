"""Whether a page can be used by everybody, asked of the page itself in a browser.

Hides the checks (`accessibility.js`) and how keys walk a page. Rules for future edits: a check
gives sentences about what is wrong, so that one run tells everything.
Counterpart: `browser.Tab` opens the page.
"""

from pathlib import Path

from playwright.sync_api import Page

CHECKS = ("names", "structure", "landmarks", "contrast", "focus", "width")
_SCRIPT = (Path(__file__).parent / "accessibility.js").read_text()
# A control by its place in the page and how it begins.
_CALLED = "(one) => `${[...document.all].indexOf(one)} ${one.outerHTML.slice(0, 90)}`"
_STOP = f"""() => {{
  const one = document.activeElement;
  return one.matches("body") ? "" : ({_CALLED})(one);
}}"""
# Leaving a control keeps the place from which Tab goes on; only a focus elsewhere moves it.
_TO_MAIN = """() => {
  const main = document.querySelector("main");
  main.tabIndex = -1;
  main.focus();
}"""
_EXPECTED = f"""() => [...document.querySelectorAll(
    "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']"
  )].filter((one) => one.closest("main") && !one.matches(":disabled")
    && one.checkVisibility({{ visibilityProperty: true }})).map({_CALLED})"""


def faults(page: Page, *checks: str) -> list[str]:
    """What is wrong with the page as it is shown now, by the named checks or all."""
    found: list[str] = page.evaluate(_SCRIPT, list(checks or CHECKS))
    return found


def unfold(page: Page) -> None:
    """Open everything that is folded, and the navigation of a narrow screen."""
    page.evaluate(
        """() => {
          for (const one of document.querySelectorAll("main details")) one.open = true;
          const menu = document.getElementById("menu");
          if (menu && menu.checkVisibility()) menu.checked = true;
          for (const one of document.querySelectorAll(".more input")) one.checked = true;
        }"""
    )


def stops(page: Page, most: int) -> list[str]:
    """What presses of Tab come to in the main part, in their order, each control once."""
    page.evaluate(_TO_MAIN)
    found: list[str] = []
    for _ in range(3 * most):  # a date is three stops
        page.keyboard.press("Tab")
        stop = str(page.evaluate(_STOP))
        if not stop or len(found) == most:
            break
        if found[-1:] != [stop]:
            found.append(stop)
    return found


def expected_stops(page: Page) -> list[str]:
    """What can be used now, in the order of the page, as `stops` writes it."""
    found: list[str] = page.evaluate(_EXPECTED)
    return found
