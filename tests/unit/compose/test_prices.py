"""Which price data is in force, and how an update replaces it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from weighbridge.compose.prices import price_book, update_prices
from weighbridge.config import Settings
from weighbridge.errors import ConfigurationError, ControlError, MeteringError
from weighbridge.pricing import build
from weighbridge.pricing.catalogue import read_snapshot
from weighbridge.pricing.pricefile import Price, PriceFile, dump

LATER = dt.date(2027, 3, 1)
Install = Callable[[PriceFile], None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration whose data folder is not there yet."""
    return Settings.model_validate({"data": tmp_path / "data"})


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes the installed genai-prices package say something else."""

    def say(file: PriceFile) -> None:
        monkeypatch.setattr(build, "snapshot", lambda: file)

    return say


def _newer(rate: str = "7", since: dt.date | None = LATER) -> PriceFile:
    """The packaged data, checked later, with a new price of one model."""
    now = read_snapshot()
    price = Price(
        models=("gemini-2.5-pro",),
        source="announced",
        read=LATER,
        surface="gemini",
        since=since,
        rates={"output_audio_token": rate},
    )
    return msgspec.structs.replace(now, as_of=LATER, origin="newer", prices=(*now.prices, price))


def test_nothing_is_written_where_nothing_changes(settings: Settings) -> None:
    """The pinned package is what the packaged snapshot was made from."""
    found = update_prices(settings, dry_run=False)
    assert (found.changes, found.written) == ([], False)
    assert not settings.data.exists()


def test_an_update_tells_each_change_and_is_in_force(settings: Settings, install: Install) -> None:
    """M14: also what changes on a later day; and again, it changes nothing."""
    install(_newer())
    found = update_prices(settings, dry_run=False)
    assert found.written
    assert [str(change) for change in found.changes if "standard" in str(change)] == [
        "2027-03-01 gemini-2.5-pro gemini standard global output_audio_token: none -> 7"
    ]
    assert price_book(settings).as_of == LATER
    again = update_prices(settings, dry_run=False)
    assert (again.changes, again.written) == ([], False)
    assert [path.name for path in settings.data.iterdir()] == ["prices.json"]


def test_a_dry_run_tells_and_writes_nothing(settings: Settings, install: Install) -> None:
    """The same lines, and no folder."""
    install(_newer(since=None))
    found = update_prices(settings, dry_run=True)
    assert str(found.changes[0]).startswith("always gemini-2.5-pro gemini ")
    assert not found.written
    assert not settings.data.exists()


def test_prices_that_were_only_checked_again_are_written(
    settings: Settings, install: Install
) -> None:
    """Nothing changes but the day, and with it the age of the data."""
    install(msgspec.structs.replace(read_snapshot(), as_of=LATER))
    found = update_prices(settings, dry_run=False)
    assert (found.changes, found.written) == ([], True)
    assert price_book(settings).as_of == LATER


def test_the_newer_snapshot_is_in_force(settings: Settings) -> None:
    """A file from before an upgrade gives way to what the upgrade brought."""
    packaged = read_snapshot()
    settings.data.mkdir()
    earlier = msgspec.structs.replace(packaged, as_of=packaged.as_of - dt.timedelta(days=1))
    (settings.data / "prices.json").write_bytes(dump(earlier))
    assert price_book(settings).as_of == packaged.as_of


def test_the_same_data_as_an_earlier_version_read_it_is_not_in_force(settings: Settings) -> None:
    """A file from before Claude was read of that data would lack what the overlay speaks of."""
    packaged = read_snapshot()
    models = tuple(model for model in packaged.models if model.provider == "google")
    names = {model.id for model in models}
    prices = tuple(price for price in packaged.prices if set(price.models) <= names)
    settings.data.mkdir()
    earlier = msgspec.structs.replace(packaged, models=models, prices=prices)
    (settings.data / "prices.json").write_bytes(dump(earlier))
    assert price_book(settings).resolve("claude-haiku-4-5", provider="anthropic")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2, "as_of": "2026-01-01"}'])
def test_a_broken_file_is_told_and_an_update_mends_it(settings: Settings, content: str) -> None:
    """One problem with the file's path and what to do."""
    settings.data.mkdir()
    path = settings.data / "prices.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="weighbridge models update") as told:
        price_book(settings)
    assert [problem.origin for problem in told.value.problems] == [str(path)]
    assert update_prices(settings, dry_run=False).written
    assert price_book(settings).as_of == read_snapshot().as_of


def test_older_data_is_refused(settings: Settings, install: Install) -> None:
    """It would never be in force."""
    install(msgspec.structs.replace(read_snapshot(), as_of=dt.date(2026, 1, 1)))
    with pytest.raises(ConfigurationError, match="upgrade the package genai-prices"):
        update_prices(settings, dry_run=False)


def test_data_that_no_book_can_be_made_of_is_not_written(
    settings: Settings, install: Install
) -> None:
    """It prices a model that it does not list: the gateway would not start on it."""
    newer = _newer()
    left = tuple(model for model in newer.models if model.id != "gemini-2.5-pro")
    install(msgspec.structs.replace(newer, models=left))
    with pytest.raises(ConfigurationError, match="unknown model, got gemini-2"):
        update_prices(settings, dry_run=False)
    assert not settings.data.exists()


def test_data_in_a_form_of_its_own_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit that is new to us stops the update, in one line."""
    monkeypatch.setitem(build.__dict__, "_UNIT_OF_KEY", {})
    with pytest.raises(MeteringError, match="KeyError: 'input_mtok'"):
        update_prices(settings, dry_run=False)


def test_a_folder_that_cannot_be_written_is_told(settings: Settings, install: Install) -> None:
    """What stands in its place stays as it is."""
    install(_newer())
    settings.data.write_text("a file")
    with pytest.raises(ControlError, match=r"cannot write .*prices\.json"):
        update_prices(settings, dry_run=False)
    assert settings.data.read_text() == "a file"


def test_own_rates_beat_an_update(settings: Settings, install: Install, tmp_path: Path) -> None:
    """A price that `pricing.overrides` states does not change, so it is no change."""
    own = tmp_path / "own.toml"
    own.write_text(
        "format = 1\nas_of = 2026-11-21\n[[prices]]\nmodels = ['gemini-2.5-pro']\n"
        "surface = 'gemini'\nsource = 'c'\nread = 2026-11-21\nrates = {output_audio_token = '5'}\n"
    )
    negotiated = Settings.model_validate({"data": settings.data, "pricing": {"overrides": own}})
    install(_newer())
    changed = [str(change) for change in update_prices(negotiated, dry_run=True).changes]
    assert [line for line in changed if " standard " in line] == []
