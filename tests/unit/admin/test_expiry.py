"""When a token shall end."""

import pytest

from weighbridge.admin.expiry import parse_expiry
from weighbridge.errors import ClientError

_NOW = 1_780_000_000_000_000


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30d", _NOW + 30 * 86_400_000_000),
        ("12h", _NOW + 43_200_000_000),
        ("45s", _NOW + 45_000_000),
        ("90m", _NOW + 5_400_000_000),
        ("2w", _NOW + 1_209_600_000_000),
        ("2027-01-01", 1_798_761_600_000_000),
        ("2027-01-01T00:00:00+01:00", 1_798_758_000_000_000),
        ("2027-01-01T00:00:00Z", 1_798_761_600_000_000),
    ],
)
def test_spans_dates_and_instants(text: str, meant: int) -> None:
    """A date is its first instant, UTC where no zone is given."""
    assert parse_expiry(text, _NOW) == meant


@pytest.mark.parametrize("text", ["", "never", "0d", "-1d", "30", "d", "2027-13-01", "1y"])
def test_anything_else_is_told(text: str) -> None:
    """With the value seen and the forms there are."""
    with pytest.raises(ClientError, match="expected a span"):
        parse_expiry(text, _NOW)
