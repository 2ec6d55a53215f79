"""The committed snapshot is what the pinned genai-prices makes, and updating says what changed."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.types import ModelInfo, ModelPrice, PriceVariant, StartDateConstraint

from weighbridge.pricing import build
from weighbridge.pricing.pricefile import dump, parse


def test_committed_snapshot_is_reproducible() -> None:
    """Byte for byte; a newer package needs `python -m weighbridge.pricing.build` and a review."""
    assert build.DEFAULT_PATH.read_bytes() == dump(build.snapshot())


def test_snapshot_reads_back_to_the_same_value() -> None:
    """Nothing is lost between the value and the file."""
    made = build.snapshot()
    assert parse(json.loads(dump(made)), "google.json") == made


def test_update_says_what_changed(tmp_path: Path) -> None:
    """One line for each price that differs on the days asked for."""
    path = tmp_path / "google.json"
    assert build.update(path, [dt.date(2026, 11, 21)]) == []
    changed = path.read_text(encoding="utf-8").replace('"0.01875"', '"0.02"', 1)
    path.write_text(changed, encoding="utf-8")
    lines = build.update(path, [dt.date(2026, 11, 21)])
    assert lines
    assert all(line.startswith("2026-11-21 gemini-1.5-flash ") for line in lines)
    assert any("cached_input_text_token: 0.02 -> 0.01875" in line for line in lines)
    assert path.read_bytes() == build.DEFAULT_PATH.read_bytes()


def test_command_prints_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line names file, origin, day and number of changes."""
    assert build.main([str(tmp_path / "google.json")]) == 0
    assert "genai-prices 0.2.3 (MIT), checked 2026-10-15, 0 changes" in capsys.readouterr().out


def test_a_condition_that_is_new_to_us_stops_the_build() -> None:
    """An update can never lose prices silently."""
    variant = PriceVariant(when={"processing": "overnight"}, prices=ModelPrice())
    info = ModelInfo(id="gemini-x", match=None, prices=ModelPrice(), price_variants=[variant])
    with pytest.raises(KeyError):
        list(build._prices(info, "s", dt.date(2026, 1, 1)))


def test_variants_end_where_the_next_begins() -> None:
    """Dated rates of a tier become periods that do not overlap."""
    variants = [
        PriceVariant(
            when={"processing": "batch"},
            prices=ModelPrice(input_mtok=Decimal(rate)),
            constraint=StartDateConstraint(start_date=dt.date(2026, month, 1)),
        )
        for month, rate in ((9, "2"), (3, "1"))
    ]
    info = ModelInfo(
        id="gemini-x",
        match=None,
        prices=ModelPrice(input_mtok=Decimal(4)),
        price_variants=variants,
    )
    periods = [
        (price.tier, price.since, price.until, price.rates["input_text_token"])
        for price in build._prices(info, "s", dt.date(2026, 1, 1))
    ]
    assert periods == [
        ("standard", None, None, "4"),
        ("batch", dt.date(2026, 3, 1), dt.date(2026, 9, 1), "1"),
        ("batch", dt.date(2026, 9, 1), None, "2"),
    ]
