"""Names of time zones."""

import pytest

from weighbridge.core.zone_names import is_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+11"])
def test_names_of_the_database_are_zones(name: str) -> None:
    """Each means the same on every machine."""
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "localtime", "posixrules", "Factory", "Europe", "../etc/passwd", "Mars/Base", "a\0"],
)
def test_what_a_machine_decides_is_no_zone(name: str) -> None:
    """A budget's windows and a query's days must not change with the machine."""
    assert not is_zone(name)
