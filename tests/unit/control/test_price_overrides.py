"""An operator's own rates in the control database and in the book."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.control.price_overrides import PriceOverrides
from weighbridge.control.tables import PriceOverrideRow
from weighbridge.errors import ClientError, NotFoundError
from weighbridge.pricing import overrides
from weighbridge.pricing.catalogue import PriceBook

DAY = dt.date(2026, 12, 1)
RATES = {"input_text_token": "0.21", "output_text_token": "1.75"}
WISH: dict[str, Any] = {"models": ["gemini-2.5-flash"], "rates": RATES, "source": "contract 4711"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def book() -> PriceBook:
    return PriceBook.load()


@pytest.fixture
def own(database: Database, book: PriceBook) -> PriceOverrides:
    return PriceOverrides(database, book)


def price(book: PriceBook, unit: str = "input_text_token", day: dt.date = DAY) -> Decimal:
    lines = book.listing(day, model="gemini-2.5-flash", surface="gemini", tier="standard")
    return Decimal(next(line.usd for line in lines if line.unit == unit))


def test_a_statement_is_in_force_at_once_and_says_what_changed(
    own: PriceOverrides, book: PriceBook, database: Database
) -> None:
    """In the book, in what workers get, in the next process's book, and in the log."""
    listed = price(book)
    made, changes = own.create({**WISH, "surface": "gemini", "since": DAY})
    assert price(book) == Decimal("0.21")
    assert price(book, day=dt.date(2026, 11, 30)) == listed
    texts = [str(change) for change in changes]
    what = "gemini-2.5-flash gemini standard global input_text_token"
    assert f"2026-12-01 {what}: {listed} -> 0.21" in texts
    assert made.id.startswith("prc_")
    assert made.price.read == dt.datetime.now(dt.UTC).date()
    next_book = PriceBook.load()
    next_book.override(overrides.decode(own.encoded()))
    assert price(next_book) == Decimal("0.21")
    other = PriceBook.load()
    PriceOverrides(database, other)
    assert price(other) == Decimal("0.21")
    (entry,) = AuditLog(database).page(limit=9)
    assert (entry.action, entry.subject) == ("price.create", made.id)


def test_the_later_statement_beats_the_earlier_unit_by_unit(
    own: PriceOverrides, book: PriceBook
) -> None:
    """And taking it back brings the earlier one into force again."""
    own.create(WISH)
    later, _ = own.create({**WISH, "rates": {"input_text_token": "0.11"}})
    assert price(book) == Decimal("0.11")
    assert price(book, "output_text_token") == Decimal("1.75")
    _, changes = own.remove(later.id)
    assert price(book) == Decimal("0.21")
    assert {change.change.after for change in changes} >= {"0.21"}
    assert len(own.all()) == 1


def test_a_change_keeps_what_it_does_not_name(own: PriceOverrides, book: PriceBook) -> None:
    """Null takes a bound away; a change of nothing is no entry in the log."""
    made, _ = own.create({**WISH, "until": dt.date(2027, 1, 1)})
    changed, changes = own.update(made.id, {"rates": {"input_text_token": "0.1"}, "until": None})
    assert changed.price.until is None
    assert changed.price.source == "contract 4711"
    assert price(book) == Decimal("0.1")
    assert changes
    again, nothing = own.update(made.id, {"source": "contract 4711"})
    assert (again.updated_at_us, nothing) == (changed.updated_at_us, [])


def test_rates_of_the_configuration_beat_these(database: Database, tmp_path: Path) -> None:
    """The file that `pricing.overrides` names holds; the answer says that nothing changes."""
    file = tmp_path / "own.toml"
    file.write_text(
        'format = 1\nas_of = 2026-11-21\n[[prices]]\nmodels = ["gemini-2.5-flash"]\n'
        'rates = { input_text_token = "0.2" }\nsource = "file"\nread = 2026-11-21\n',
        encoding="utf-8",
    )
    book = PriceBook.load(overlay_paths=[file])
    own = PriceOverrides(database, book)
    _, changes = own.create({**WISH, "rates": {"input_text_token": "0.1"}})
    assert changes == []
    assert price(book) == Decimal("0.2")


def test_a_preview_changes_nothing(own: PriceOverrides, book: PriceBook) -> None:
    """It tells what would be, also in place of another statement."""
    listed = price(book)
    assert own.preview(WISH)
    assert (price(book), own.all()) == (listed, [])
    made, _ = own.create(WISH)
    assert own.preview(WISH, made.id) == []


def test_a_name_is_taken_as_the_book_takes_it(own: PriceOverrides) -> None:
    """`models/…-001` is the model that it means."""
    made, _ = own.create({**WISH, "models": ["models/gemini-2.5-flash-001"]})
    assert made.price.models == ("gemini-2.5-flash",)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"models": ["gemini-9"]}, "models"),
        ({"models": []}, "models"),
        ({"rates": {}}, "rates"),
        ({"rates": {"input_token": "1"}}, "rates.input_token"),
        ({"rates": {"input_text_token": "1,5"}}, "rates.input_text_token"),
        ({"rates": {"input_text_token": "-1"}}, "rates.input_text_token"),
        ({"rates": {"input_text_token": "1e999999999"}}, "rates.input_text_token"),
        ({"rates": {"input_text_token": "0.0000000000001"}}, "rates"),
        ({"since": DAY, "until": DAY}, "since"),
        ({"above_tokens": 5}, "above_tokens"),
        ({"source": " "}, "source"),
    ],
)
def test_what_no_book_could_hold_is_refused_by_field(
    own: PriceOverrides, book: PriceBook, change: dict[str, Any], where: str
) -> None:
    """Nothing is stored, and nothing in the book moves."""
    listed = price(book)
    with pytest.raises(ClientError) as caught:
        own.create({**WISH, **change})
    assert where in [problem.where for problem in caught.value.problems]
    assert (own.all(), price(book)) == ([], listed)


def test_an_id_that_is_not_there(own: PriceOverrides) -> None:
    """For each way of naming one."""
    for act in (
        lambda: own.update("prc_x", {}),
        lambda: own.remove("prc_x"),
        lambda: own.preview(WISH, "prc_x"),
    ):
        with pytest.raises(NotFoundError, match="prc_x"):
            act()


def test_a_statement_that_fits_no_more_is_left_out_and_logged(
    own: PriceOverrides, database: Database
) -> None:
    """After an upgrade of the book, say: the others stay in force, and it can be removed."""
    own.create(WISH)
    spoilt, _ = own.create({**WISH, "rates": {"input_text_token": "9"}})
    statement = {**WISH, "rates": {"input_text_token": "0.0000000000001"}, "read": "2026-11-21"}
    with database.change(policy=False) as session:
        row = PriceOverrideRow.id == spoilt.id
        session.execute(update(PriceOverrideRow).where(row).values(statement=statement))
    book = PriceBook.load()
    with capture_logs() as logs:
        mended = PriceOverrides(database, book)
    assert price(book) == Decimal("0.21")
    assert [entry["log_level"] for entry in logs] == ["error"]
    mended.create({**WISH, "rates": {"output_text_token": "3"}})
    mended.remove(spoilt.id)
    assert price(book, "output_text_token") == Decimal(3)
