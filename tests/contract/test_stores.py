"""What every store must do, whatever its engine."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pytest
from ledger_rows import NOON_US, exchange, exchange_id, line, write_lines

from weighbridge.core.clock import from_unix_us
from weighbridge.core.exchange import COLUMNS
from weighbridge.errors import ClientError, LedgerError
from weighbridge.ledger import schema
from weighbridge.ledger.stores.base import (
    ImportDataError,
    Imported,
    PageRequest,
    QueryTimeoutError,
    SegmentDataError,
    Store,
)
from weighbridge.ledger.stores.duckdb import DuckDBStore

Opener = Callable[[Path], Store]
OPENERS: dict[str, Opener] = {
    "duckdb": lambda folder: DuckDBStore.open(folder / "ledger.duckdb", threads=2)
}
NOON = from_unix_us(NOON_US)


@pytest.fixture(params=OPENERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = OPENERS[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Callable[..., int]:
    def load(*lines: bytes, name: str = "gw-0-1-000001.ndjson") -> int:
        return store.load_segments({name: write_lines(tmp_path / name, *lines)})

    return load


def count(store: Store) -> int:
    return int(store.fetch("SELECT count(*) FROM exchanges")[0][0])


# Segments


def test_rows_and_names_come_in_together(store: Store, load: Callable[..., int]) -> None:
    """One transaction: the rows, and the name that keeps them from coming in again."""
    assert load(*(line(number) for number in range(5))) == 5
    assert store.loaded_segments() == {"gw-0-1-000001.ndjson"}
    store.forget_segments(["gw-0-1-000001.ndjson"])
    assert store.loaded_segments() == set()
    assert count(store) == 5


def test_a_generation_is_of_the_rows_that_are_there(
    store: Store, load: Callable[..., int], tmp_path: Path
) -> None:
    """Another number after a load and after an import, the same where nothing came in."""
    seen = [store.generation, store.generation]
    load(line(1))
    seen.append(store.generation)
    store.import_files([write_lines(tmp_path / "more.ndjson", line(2))])
    seen.append(store.generation)
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    "bad",
    [b'{"torn', b"[]", line(1, list_cost="x"), line(1, exchange_id="x"), b'{"status":1}'],
)
def test_a_bad_line_refuses_the_whole_batch(
    store: Store, load: Callable[..., int], tmp_path: Path, bad: bytes
) -> None:
    """Nothing of it is in; the loader finds out which line it was."""
    with pytest.raises(SegmentDataError):
        load(line(0), bad, line(2))
    assert (count(store), store.loaded_segments()) == (0, set())
    assert not store.accepts(tmp_path / "gw-0-1-000001.ndjson")
    assert store.accepts(write_lines(tmp_path / "good.ndjson", line(0)))
    assert count(store) == 0


def test_values_come_back_as_python_has_them(store: Store, load: Callable[..., int]) -> None:
    """Money exact, instants aware, missing None, no labels {}."""
    load(line(3, labels={"env": "prod"}, notes=["demo"], video_seconds=Decimal("1.5")), line(4))
    row = store.exchange(exchange_id(3))

    assert row is not None
    assert list(row) == list(COLUMNS)
    assert row["exchange_id"] == exchange_id(3)
    assert row["started_at"] == NOON + timedelta(seconds=3)
    assert row["ended_at"] == NOON + timedelta(seconds=3, milliseconds=250)
    assert row["list_cost"] == Decimal("0.000030900000")
    assert row["video_seconds"] == Decimal("1.5")
    assert row["labels"] == {"env": "prod"}
    assert row["notes"] == ["demo"]
    assert (row["department"], row["search_queries"]) == (None, None)
    assert row["charges"] == [
        {
            "unit": "input_text_token",
            "quantity": Decimal(103),
            "unit_price": Decimal("0.0000003"),
            "amount": Decimal("0.0000309"),
            "price_id": "gemini-2.5-flash/input",
        }
    ]
    plain = store.exchange(exchange_id(4))
    assert plain is not None
    assert (plain["labels"], plain["notes"]) == ({}, [])


@pytest.mark.parametrize("key", ["", "no id", exchange_id(9), "'; DROP TABLE exchange_rows"])
def test_an_unknown_id_has_no_row(store: Store, load: Callable[..., int], key: str) -> None:
    """P6: an id from a request is a value, never SQL."""
    load(line(1))
    assert store.exchange(key) is None


def test_known_ids_are_told(store: Store, load: Callable[..., int]) -> None:
    """Recovery asks so, once, for many."""
    load(line(1), line(2))
    asked = [exchange_id(2), exchange_id(3), "no id"]
    assert store.known_exchange_ids(asked) == {exchange_id(2)}
    assert store.known_exchange_ids([]) == set()


def test_stats_tell_size_and_range(store: Store, load: Callable[..., int]) -> None:
    """An empty ledger has no range."""
    assert store.stats().exchanges == 0
    assert store.first_started_at() is None
    load(line(5), line(2))
    stats = store.stats()
    assert (stats.exchanges, stats.disk_bytes > 0) == (2, True)
    assert stats.first_started_at == store.first_started_at() == NOON + timedelta(seconds=2)
    assert stats.last_started_at == NOON + timedelta(seconds=5)


# Queries


def test_a_query_is_one_select(store: Store) -> None:
    """Reading changes nothing."""
    for sql in ("DELETE FROM exchange_rows", "SELECT 1; SELECT 2", "DROP VIEW exchanges"):
        with pytest.raises(LedgerError):
            store.fetch(sql)
    assert store.fetch("SELECT ? + 1", [1]) == [(2,)]


def test_a_query_that_takes_too_long_is_stopped(store: Store) -> None:
    """And the store goes on."""
    endless = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
    with pytest.raises(QueryTimeoutError, match="longer than 50 ms"):
        store.fetch(endless, timeout_ms=50)
    assert store.fetch("SELECT 1", timeout_ms=5000) == [(1,)]


def test_readers_see_whole_segments_while_rows_come_in(store: Store, tmp_path: Path) -> None:
    """D3: from any thread, a snapshot: count and sum agree, and never a part of a segment."""
    files = {
        f"gw-0-{number}-000001.ndjson": write_lines(
            tmp_path / f"gw-0-{number}-000001.ndjson",
            *(line(number * 10 + offset, input_tokens=1) for offset in range(10)),
        )
        for number in range(30)
    }
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.extend(store.fetch("SELECT count(*), sum(input_tokens) FROM exchanges"))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for name, path in files.items():
        store.load_segments({name: path})
    done.set()
    for reader in readers:
        reader.join()

    assert count(store) == 300
    assert all(rows % 10 == 0 and rows == (tokens or 0) for rows, tokens in seen)


# Pages


def test_pages_are_newest_first_and_leave_nothing_out(
    store: Store, load: Callable[..., int]
) -> None:
    """Also among rows of one instant, and while new rows arrive."""
    same = "2026-01-01T12:00:03.000000Z"
    load(*(line(number, started_at=same) if number % 2 else line(number) for number in range(9)))
    seen: list[str] = []
    page = store.page(PageRequest(limit=2))
    load(line(20), name="later")
    while page.exchanges:
        seen += [str(row["exchange_id"]) for row in page.exchanges]
        if page.next_cursor is None:
            break
        page = store.page(PageRequest(limit=2, cursor=page.next_cursor))

    assert seen == [exchange_id(number) for number in (8, 6, 4, 7, 5, 3, 1, 2, 0)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"model": ["b"]}, [2]),
        ({"model": ["a", "b"]}, [2, 1]),
        ({"model": [None]}, [3]),
        ({"model": [None, "a"]}, [3, 1]),
        ({"model": []}, []),
        ({"label:env": ["prod"]}, [2, 1]),
        ({"label:env": [None]}, [3]),
        ({"label:env": ["prod"], "model": ["a"]}, [1]),
        ({"status": ["429"]}, [3]),
        ({"outcome": ["ok"]}, [3, 2, 1]),
        ({"outcome": ["no such word"]}, []),
        ({"model": ["a' OR true --"]}, []),
        ({"label:x'] OR true --": ["prod"]}, []),
    ],
)
def test_filters_narrow(
    store: Store,
    load: Callable[..., int],
    filters: dict[str, list[str | None]],
    expected: list[int],
) -> None:
    """Values of one name are alternatives, names add up; None is what was not given."""
    load(
        line(1, model="a", labels={"env": "prod"}),
        line(2, model="b", labels={"env": "prod", "x": "y"}),
        line(3, model=None, status=429),
    )
    page = store.page(PageRequest(filters=filters))
    assert [row["exchange_id"] for row in page.exchanges] == list(map(exchange_id, expected))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("triage", [3, 1]),
        ("TRIAGE flash", [1]),
        ("429", [3]),
        ("%", []),
        ("' OR true --", []),
        ("  ", [3, 2, 1]),
    ],
)
def test_a_search_finds_every_word_somewhere(
    store: Store, load: Callable[..., int], search: str, expected: list[int]
) -> None:
    """In any of the names and codes of a row, whatever the case; its signs mean themselves."""
    load(
        line(1, agent="Triage-bot"),
        line(2, agent="writer", model="gemini-2.5-pro"),
        line(3, agent="triage", model="gemini-2.5-pro", error_type="E429"),
    )
    page = store.page(PageRequest(search=search))
    assert [row["exchange_id"] for row in page.exchanges] == list(map(exchange_id, expected))


def test_a_search_finds_an_id(store: Store, load: Callable[..., int]) -> None:
    """A part of it is enough."""
    load(line(1), line(2))
    found = store.page(PageRequest(search=exchange_id(2)[9:])).exchanges
    assert [row["exchange_id"] for row in found] == [exchange_id(2)]


def test_the_costliest_come_first(store: Store, load: Callable[..., int]) -> None:
    """Unknown costs are left out, equal ones are newest first, and there is one page."""
    costs = ("0.5", "2", None, "2")
    load(*(line(number, list_cost=cost) for number, cost in enumerate(costs)))
    page = store.page(PageRequest(costliest=True, limit=2))
    assert [row["exchange_id"] for row in page.exchanges] == [exchange_id(3), exchange_id(1)]
    assert page.next_cursor is None
    page = store.page(PageRequest(costliest=True))
    assert [row["exchange_id"] for row in page.exchanges][2:] == [exchange_id(0)]


def test_a_range_has_its_start_and_not_its_end(store: Store, load: Callable[..., int]) -> None:
    """[since, until), in any time zone."""
    load(*(line(number) for number in range(5)))
    elsewhere = (NOON + timedelta(seconds=1)).astimezone(None)
    page = store.page(PageRequest(since=elsewhere, until=NOON + timedelta(seconds=3)))
    assert [row["exchange_id"] for row in page.exchanges] == [exchange_id(2), exchange_id(1)]


def test_what_cannot_be_asked_is_told(store: Store) -> None:
    """The nearest name, or what to do."""
    with pytest.raises(ClientError, match="did you mean 'department'"):
        store.page(PageRequest(filters={"departmnt": ["x"]}))
    for cursor in ("x", "W10", "!!!", "WzEsIngiXQ"):
        with pytest.raises(ClientError, match="not given by this API"):
            store.page(PageRequest(cursor=cursor))


# Imports


def test_rows_known_already_are_skipped_and_counted(
    store: Store, load: Callable[..., int], tmp_path: Path
) -> None:
    """By the ledger, by an earlier file, or by an earlier line: the first one stays."""
    load(line(1))
    first = write_lines(tmp_path / "a.ndjson", line(1), line(2), line(2, status=500), line(3))
    second = write_lines(tmp_path / "b.ndjson", line(3), line(4))
    told: list[tuple[int, int]] = []
    imported = store.import_files([first, second], lambda *seen: told.append(seen))

    assert imported == Imported(rows=3, skipped=3)
    assert count(store) == 4
    row = store.exchange(exchange_id(2))
    assert row is not None
    assert row["status"] == 200
    size = first.stat().st_size + second.stat().st_size
    assert {total for _, total in told} == {size}
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert store.import_files([first, second]) == Imported(rows=0, skipped=6)


def test_only_id_and_start_are_needed(store: Store, tmp_path: Path) -> None:
    """A null stays null; the end follows from start and latency; offsets count."""
    path = tmp_path / "least.ndjson"
    rows = [
        {"exchange_id": exchange_id(1), "started_at": "2026-01-01T14:00:00+02:00"},
        {"exchange_id": exchange_id(2), "started_at": "2026-01-01T12:00:00Z", "latency_us": 5},
    ]
    write_lines(path, *map(msgspec.json.encode, rows))
    assert store.import_files([path]) == Imported(rows=2)

    bare, timed = store.exchange(exchange_id(1)), store.exchange(exchange_id(2))
    assert bare is not None
    assert timed is not None
    assert (bare["started_at"], bare["ended_at"]) == (NOON, None)
    assert timed["ended_at"] == NOON + timedelta(microseconds=5)
    assert (bare["outcome"], bare["list_cost"], bare["labels"], bare["charges"]) == (
        None,
        None,
        {},
        [],
    )


def test_parquet_of_the_ledgers_own_columns_comes_back_the_same(
    store: Store, load: Callable[..., int], tmp_path: Path
) -> None:
    """What was exported elsewhere can be taken in, with labels and charges."""
    lines = [line(number, labels={"a": "b"}, notes=["demo"]) for number in range(3)]
    source = write_lines(tmp_path / "rows.ndjson", *lines)
    parquet = tmp_path / "rows.parquet"
    with duckdb.connect() as engine:
        relation = schema.read_journal(f"'{source}'")
        engine.execute(f"COPY (SELECT * FROM {relation}) TO '{parquet}'")
    assert store.import_files([parquet]) == Imported(rows=3)
    imported = store.page(PageRequest()).exchanges
    assert load(*(one.replace(b"2026-01-01", b"2027-01-01") for one in lines)) == 3
    loaded = store.page(PageRequest(limit=3)).exchanges

    later = {"started_at", "ended_at"}
    assert [{k: v for k, v in row.items() if k not in later} for row in imported] == [
        {k: v for k, v in row.items() if k not in later} for row in loaded
    ]


CHARGE = {"unit": "image", "quantity": "2", "unit_price": "0.04", "amount": "0.08"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([{"exchange_id": exchange_id(1)}], "column 'started_at' is missing"),
        ([exchange(1), {"modle": "x"}], "unknown column 'modle'; did you mean 'model'"),
        ([exchange(1), exchange(2, status="many")], ':2: .*"many"'),
        *(
            ([exchange(1), exchange(2, list_cost=cost)], f":2: list_cost is '{cost}', expected")
            for cost in ("1,5", "-0.5", "0.0000000000001", "1e-13", "-1e-3", "1234567", "")
        ),
        (
            [exchange(1), exchange(2, video_seconds="0.1234567")],
            ":2: video_seconds is '0.1234567', expected a decimal from 0 with at most 6 places",
        ),
        *(
            (
                [exchange(1), exchange(2, charges=[{"unit": "image", name: value}])],
                f":2: charges is .*{value}.*, expected decimals",
            )
            for name, value in (
                ("quantity", "1.1234567"),
                ("unit_price", "0.1234567890123"),
                ("amount", "-0.5"),
            )
        ),
        *(
            (
                [exchange(1), exchange(2, charges=[CHARGE | {name: None}])],
                ":2: charges is .*NULL.*; unit, quantity and amount of each",
            )
            for name in ("unit", "quantity", "amount")
        ),
        ([exchange(1), exchange(2, charges=[CHARGE, None])], ":2: charges is .*NULL.* of each"),
        ([exchange(1), exchange(2, outcome="good")], ":2: outcome is 'good', expected one of ok"),
        ([exchange(1), exchange(2, input_tokens=-1)], ":2: input_tokens is '-1'"),
        ([exchange(1), {"exchange_id": exchange_id(2)}], ":2: started_at is nothing"),
        *(
            ([exchange(1), exchange(2, started_at=at)], ":2: started_at is .*between 2000 and 2100")
            for at in ("0000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "12026-01-01T00:00:00Z")
        ),
        ([exchange(1), {"exchange_id": "two", "started_at": "2026-01-01"}], "two"),
    ],
)
def test_a_bad_row_names_file_line_and_value(
    store: Store, tmp_path: Path, rows: list[object], complaint: str
) -> None:
    """And nothing of its file is imported."""
    path = write_lines(tmp_path / "bad.ndjson", *map(msgspec.json.encode, rows))
    with pytest.raises(ImportDataError, match=complaint) as raised:
        store.import_files([path])
    assert str(path) in raised.value.message
    assert "\n" not in raised.value.message
    assert count(store) == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.5", "0.500000000000"),
        (0.25, "0.250000000000"),
        (1e-7, "0.000000100000"),
        ("5e-1", "0.500000000000"),
        ("0.123456789012", "0.123456789012"),
        ("0.12345678901200000000000000", "0.123456789012"),
        (0, "0.000000000000"),
        ("999999.999999999999", "999999.999999999999"),
    ],
)
def test_a_cost_is_taken_to_its_last_place(
    store: Store, tmp_path: Path, given: object, kept: str
) -> None:
    """As a text or a number, with an exponent or zeros behind it: nothing is rounded."""
    row = msgspec.json.encode(exchange(1, list_cost=given))
    assert store.import_files([write_lines(tmp_path / "rows.ndjson", row)]) == Imported(rows=1)
    (imported,) = store.page(PageRequest()).exchanges
    assert imported["list_cost"] == Decimal(kept)


def test_parquet_costs_that_would_be_rounded_are_told(store: Store, tmp_path: Path) -> None:
    """A binary fraction is taken where its text has few places, and refused where it has more."""
    for cost, wrong in (("0.1::DOUBLE", False), ("0.1::DOUBLE + 0.2::DOUBLE", True)):
        path = tmp_path / "rows.parquet"
        with duckdb.connect() as engine:
            engine.execute(
                f"COPY (SELECT '{exchange_id(1)}' AS exchange_id, "
                f"TIMESTAMPTZ '2026-01-01' AS started_at, {cost} AS list_cost) TO '{path}'"
            )
        if wrong:
            with pytest.raises(ImportDataError, match=r":1: list_cost is '0\.30000000000000004'"):
                store.import_files([path])
        else:
            assert store.import_files([path]) == Imported(rows=1)


def test_a_line_that_is_no_json_is_named(store: Store, tmp_path: Path) -> None:
    """The line itself, not one after it."""
    good = msgspec.json.encode(exchange(1))
    path = write_lines(tmp_path / "bad.ndjson", good, b"", b"not json", good)
    with pytest.raises(ImportDataError, match=r":3: not a JSON object$"):
        store.import_files([path])


def test_a_file_that_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(ImportDataError, match="no such file"):
        store.import_files([tmp_path / "nothing.ndjson"])


# Life


def test_rows_outlive_the_process(tmp_path: Path) -> None:
    """What was loaded is there after closing and opening."""
    for opener in OPENERS.values():
        store = opener(tmp_path)
        store.load_segments({"s": write_lines(tmp_path / "s", line(1))})
        store.checkpoint()
        store.load_segments({"t": write_lines(tmp_path / "t", line(2))})
        store.close()
        store = opener(tmp_path)
        assert count(store) == 2
        assert store.fetch("SELECT max(started_at) FROM exchanges") == [
            (datetime(2026, 1, 1, 12, 0, 2, tzinfo=UTC),)
        ]
        store.close()
