"""Web origins as browsers write them."""

import pytest

from weighbridge.config import load
from weighbridge.config.origins import web_origin
from weighbridge.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("*", "*"),
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example/", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_an_origin_takes_the_form_that_browsers_send(given: str, origin: str) -> None:
    """A path's slash, capitals and an implied port make no difference."""
    assert web_origin(given) == origin


@pytest.mark.parametrize(
    "given", ["app.example", "https://app.example/page", "null", "https://", "http://a:99999", ""]
)
def test_what_is_no_origin_is_an_error_of_the_configuration(given: str) -> None:
    """An origin that could never match is told at the start, not by a browser."""
    with pytest.raises(ConfigurationError) as caught:
        load(flags={"cors.allowed_origins": ("--x", [given])})
    assert caught.value.problems[0].where == "cors.allowed_origins"
