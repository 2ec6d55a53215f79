"""Every command's help is documented as it is printed; a change to it is seen in review."""

from pathlib import Path

from weighbridge.cli.reference import pages

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_page_holds_the_help_as_it_is() -> None:
    """To accept a change: put the output of `weighbridge.cli.reference.pages()` there."""
    assert pages() in _PAGE.read_text("utf-8")
