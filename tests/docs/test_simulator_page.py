"""The simulator's page names its scenarios and options, and no others."""

from markdown import ROOT, first_cells

from weighbridge.simulator.__main__ import parser
from weighbridge.simulator.scenarios import SCENARIOS

PAGE = ROOT / "docs" / "reference" / "simulator.md"


def test_every_scenario_is_documented() -> None:
    """In the order in which the simulator lists them."""
    assert first_cells(PAGE, "Scenarios") == list(SCENARIOS)


def test_every_option_is_documented() -> None:
    """Those of `python -m weighbridge.simulator`."""
    shown = {cell.split()[0] for cell in first_cells(PAGE) if cell.startswith("--")}
    known = {name for action in parser()._actions for name in action.option_strings}
    assert shown == known - {"-h", "--help"}
