"""`budgets.shared`: an address that holds a password."""

import pytest

from weighbridge.config import Settings, load, show
from weighbridge.errors import ConfigurationError

URL = "redis://:hunter2@store:6379/0"


def test_the_address_is_hidden_and_reaches_the_processes_whole() -> None:
    """People see dots; the settings go to them as JSON, over a pipe."""
    loaded = load(flags={"budgets.shared": ("--x", URL)})
    shown = {row.name: row.value for row in show.rows(loaded)}
    assert shown["budgets.shared"] == show.HIDDEN
    assert "hunter2" not in repr(loaded.settings)
    sent = Settings.model_validate_json(loaded.settings.model_dump_json(exclude_unset=True))
    assert sent.budgets.shared is not None
    assert sent.budgets.shared.get_secret_value() == URL


@pytest.mark.parametrize("url", ["http://store", "redis://", "store:6379"])
def test_what_is_no_such_address_is_refused(url: str) -> None:
    """With what is expected."""
    with pytest.raises(ConfigurationError, match="expected redis://HOST:PORT/DB"):
        load(flags={"budgets.shared": ("--x", url)})


@pytest.mark.parametrize(
    "url", ["http://:s3cr3t@store", ":s3cr3t@store", "redis:s3cr3t", "redis://:s3cr3t@store:x/0"]
)
def test_what_is_refused_is_not_repeated(url: str) -> None:
    """An address that is mistyped has its password in it all the same."""
    with pytest.raises(ConfigurationError) as told:
        load(flags={"budgets.shared": ("--x", url)})
    assert "s3cr3t" not in str(told.value)
    assert "budgets.shared (flag --x)" in str(told.value)
