"""URLs at rest: what opens them, and what does not."""

import stat
from pathlib import Path

import pytest

from weighbridge.control.alerting.sealing import Seal
from weighbridge.errors import ControlError

SECRET = "slack://TOKEN-A/TOKEN-B/TOKEN-C"


def test_what_is_sealed_opens_again(tmp_path: Path) -> None:
    """By another process that has the file."""
    file = tmp_path / "channels.key"
    sealed = Seal(file, may_make=True).seal(SECRET, "chn_1")
    assert Seal(file, may_make=False).open(sealed, "chn_1") == SECRET
    assert "TOKEN" not in sealed


def test_the_key_is_this_users_alone(tmp_path: Path) -> None:
    """It is made once, and nothing lies beside it."""
    file = tmp_path / "channels.key"
    seal = Seal(file, may_make=True)
    first = seal.seal(SECRET, "chn_1")
    key = file.read_bytes()
    assert seal.seal(SECRET, "chn_1") != first
    assert file.read_bytes() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_it_opens_for_its_owner_alone(tmp_path: Path) -> None:
    """A row's text that is put into another row is no URL there."""
    seal = Seal(tmp_path / "channels.key", may_make=True)
    sealed = seal.seal(SECRET, "chn_1")
    with pytest.raises(ControlError, match="chn_2 does not open"):
        seal.open(sealed, "chn_2")


@pytest.mark.parametrize("content", ["", "short", "é", "A" * 43 + "="])
def test_another_key_opens_nothing(tmp_path: Path, content: str) -> None:
    """The error says which file, and neither key nor URL."""
    file = tmp_path / "channels.key"
    sealed = Seal(file, may_make=True).seal(SECRET, "chn_1")
    file.write_text(content, "utf-8")
    with pytest.raises(ControlError, match=r"channels\.key") as caught:
        Seal(file, may_make=False).open(sealed, "chn_1")
    assert "TOKEN" not in caught.value.message


def test_no_key_is_made_where_one_was_named(tmp_path: Path) -> None:
    """A key file that is configured and not there is a mistake, not a wish."""
    with pytest.raises(ControlError, match="holds no key"):
        Seal(tmp_path / "mine.key", may_make=False).seal(SECRET, "chn_1")
