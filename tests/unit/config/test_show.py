"""`config show` and the reference page."""

from pathlib import Path

from weighbridge.config import load, show

_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"


def test_every_setting_has_a_row_and_an_origin() -> None:
    """Values that nobody gave come from the defaults; a mapping shows its entries."""
    flags = {"gateway.upstreams.gemini": ("--upstream", "http://127.0.0.1:9")}
    shown = {row.name: row for row in show.rows(load(flags=flags))}
    assert shown["gateway.listen"].value == "127.0.0.1:8080"
    assert shown["gateway.listen"].origin == "default"
    assert shown["gateway.upstreams.gemini"].origin == "flag --upstream"
    assert shown["attribution.allowed.department"].value is None


def test_a_secret_is_never_shown() -> None:
    """Whatever holds a secret prints as dots."""
    from pydantic import SecretStr  # noqa: PLC0415

    assert show._plain(SecretStr("hunter2")) == show.HIDDEN


def test_variables_are_spelt_as_the_loader_reads_them() -> None:
    """The name that the reference gives is the one that works."""
    assert show.variable("gateway.listen") == "WEIGHBRIDGE_GATEWAY__LISTEN"


def test_the_reference_page_holds_the_settings_as_they_are() -> None:
    """The page is made of the models; `show.reference()` prints what belongs in it."""
    assert show.reference() in _PAGE.read_text("utf-8")
