"""HOST:PORT."""

import pytest

from weighbridge.config import Address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0), ("box:65535", "box", 65535)],
)
def test_parses_and_prints_the_same(text: str, host: str, port: int) -> None:
    """Text and value are two forms of one thing."""
    assert Address.parse(text) == Address(host, port)
    assert str(Address(host, port)) == text


@pytest.mark.parametrize("text", ["", "8080", ":8080", "h:", "h:x", "h:65536", "h:-1", "h:٣", 8080])
def test_refuses_what_is_no_address(text: object) -> None:
    """Anything else is a ValueError."""
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        Address.parse(text)
