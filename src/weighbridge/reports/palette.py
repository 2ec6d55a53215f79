"""Colours of charts: one theme, light and dark, the same colour for the same value everywhere.

Hides how a value gets its colour. A value's own colour follows from its name alone, so a
department keeps it from page to page; where two values of one chart would share one, the
later by name takes the next free colour. Rules for future edits: nothing but a chart's values
decides, so the same chart is the same picture.
Source: Okabe and Ito, "Color Universal Design", 2008, whose eight colours stay apart in the
three common kinds of colour blindness. Their black vanishes on a dark page and their yellow
on a white one, so both are left out; four darker or lighter shades are added, and each colour
has a contrast of at least 1.9 to both pages (a test computes it).
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from weighbridge.reports.dimensions import NONE, OTHER

COLOURS: Final = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#D55E00",  # vermilion
    "#B0306A",  # wine
    "#6A51A3",  # violet
    "#8C6D31",  # brown
    "#7BC8A4",  # light green
)
_GREY: Final = {OTHER: "#9AA3AD", NONE: "#C9CFD6"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of everything that is no data."""

    background: str
    text: str
    faint_text: str
    grid: str


LIGHT: Final = Ink(background="#FFFFFF", text="#1B2733", faint_text="#5B6875", grid="#E6EAEE")
DARK: Final = Ink(background="#12181F", text="#E8EDF2", faint_text="#9AA7B4", grid="#27313B")


def colours(values: Iterable[str]) -> dict[str, str]:
    """A colour for each value; grey for `(other)` and `(none)`.

    Gives: different colours for up to ten values, then the round starts again.
    """
    found = {}
    taken: set[int] = set()
    for value in sorted(set(values)):
        if value in _GREY:
            found[value] = _GREY[value]
            continue
        if len(taken) == len(COLOURS):
            taken.clear()
        place = zlib.crc32(value.encode("utf-8", "surrogatepass")) % len(COLOURS)
        while place in taken:
            place = (place + 1) % len(COLOURS)
        taken.add(place)
        found[value] = COLOURS[place]
    return found
