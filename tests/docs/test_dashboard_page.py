"""The page about the dashboard names what there is."""

import re
from pathlib import Path

from weighbridge.dashboard.ranges import PRESETS
from weighbridge.dashboard.site import PAGES

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dashboard.md"


def test_every_page_is_there_with_its_key() -> None:
    """Pages of the navigation, in its order."""
    told = re.findall(r"^\| `(/[\w/-]*)` \| .* \| `g (\w)` \|$", _PAGE.read_text(), re.MULTILINE)
    assert told == [(page.path, page.key) for page in PAGES if page.key]


def test_every_range_is_there() -> None:
    """All the names that `range` takes."""
    (row,) = re.findall(r"^\| `range` \| (.*) \|$", _PAGE.read_text(), re.MULTILINE)
    assert re.findall(r"`([\w-]+)`", row) == list(PRESETS)
