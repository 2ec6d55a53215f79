"""The reference lists every unit of price, with the quantity that list prices are quoted for."""

import re

from markdown import ROOT, first_cells

from weighbridge.pricing.units import UNITS

PAGE = ROOT / "docs" / "reference" / "prices.md"


def test_every_unit_is_documented_with_what_it_is_quoted_for() -> None:
    """In the order of the closed list."""
    assert first_cells(PAGE) == list(UNITS)
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: int(per.replace(",", "")) for name, per in rows}
    assert shown == {unit.name: unit.per for unit in UNITS.values()}
