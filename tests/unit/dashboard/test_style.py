"""The style sheet: inks that can be read, light and dark alike, nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import pytest

from weighbridge.admin.signin.views import stylesheet
from weighbridge.dashboard.assets import Assets
from weighbridge.reports.look import sheet

_SHEET = sheet().decode()
_INKS = ("text", "faint", "accent", "good", "bad", "caution")
_GROUNDS = ("page", "card")


def _tokens(selector: str) -> dict[str, str]:
    body = _SHEET.partition(selector + " {")[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body))


_THEMES = {
    "light": _tokens("\n:root"),
    "dark": _tokens('\n:root[data-theme="dark"]'),
    "dark by the system": _tokens(':root:not([data-theme="light"])'),
}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(
        sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    )


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", _THEMES)
def test_every_ink_can_be_read_on_every_ground(theme: str) -> None:
    """WCAG 2.2 AA asks for 4.5 between small text and what lies under it."""
    inks = _THEMES[theme]
    pairs = [(ink, ground) for ink in _INKS for ground in _GROUNDS]
    pairs += [("accent", "accent-soft"), ("text", "accent-soft"), ("text", "warn")]
    poor = {p: round(_contrast(inks[p[0]], inks[p[1]]), 2) for p in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


def test_dark_is_dark_however_it_was_chosen() -> None:
    """Two places in the sheet say it, and say the same."""
    assert _THEMES["dark"] == _THEMES["dark by the system"]
    assert set(_THEMES["dark"]) <= set(_THEMES["light"])


def test_every_page_looks_alike_and_loads_nothing(tmp_path: Path) -> None:
    """Both sheets begin with what is shared, and neither names a file or an ink of its own."""
    assets = Assets(tmp_path)
    own = assets.get(assets.path("weighbridge.css").removeprefix("/assets/"))
    assert own is not None
    for whole in (gzip.decompress(own.body).decode(), stylesheet().decode()):
        assert whole.startswith(_SHEET)
        added = whole.removeprefix(_SHEET)
        assert "@import" not in whole
        assert "url(" not in whole
        assert re.findall(r"#[0-9a-f]{6}", added) == []
