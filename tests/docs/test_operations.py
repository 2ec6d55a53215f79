"""The page of operations lists what is weighed, and how."""

import pytest
from google_routes import DEVELOPER, VERTEX, route_rows
from markdown import ROOT, first_cells

PAGE = ROOT / "docs" / "reference" / "operations.md"
# Told apart from the routes of the tables by the publisher, or by the socket's messages.
PARTNERS = {"rawPredict", "streamRawPredict"}
SOCKETS = {"live", "liveMusic"}


def _weighed(how: str) -> set[str]:
    rows = [*route_rows(DEVELOPER), *route_rows(VERTEX)]
    return {operation for _, _, operation, _, weighed, *_ in rows if weighed == how}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("Metered", _weighed("metered") | PARTNERS | SOCKETS),
        ("Settled later", _weighed("settled")),
        ("Free, and read all the same", _weighed("told")),
        ("Unmetered", _weighed("unmetered")),
    ],
)
def test_every_operation_stands_where_its_routes_say(section: str, expected: set[str]) -> None:
    """What the routes of Google's surfaces come out as is what the page says of them."""
    shown = first_cells(PAGE, section)
    assert len(shown) == len(set(shown))
    assert set(shown) == expected


def test_the_rest_is_free() -> None:
    """As the last line of the page says."""
    listed = set(first_cells(PAGE))
    assert _weighed("free") & listed == set()
