"""Exchanges under way, as the marks of all workers tell of them right now.

Hides that nobody is asked: the workers' slot files are read where they lie, so looking on costs a
worker nothing. A mark that is being written is skipped, one that has just moved shows once.
Rules for future edits: marks are read, never trusted to be whole; what they tell is what a row
may tell. Counterparts: `ledger/in_flight` writes the files, `admin/routes/in_flight` lists.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.interrupted import TURNS

_FILES: Final = "in-flight-*.slots*"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class UnderWay:
    """What is under way, by the slot files of a folder."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def __repr__(self) -> str:
        return f"<UnderWay in {self._run}>"

    def all(self) -> list[Mapping[str, Any]]:
        """Marks, the longest under way first: columns of a row, and `turns` where it has some."""
        found: dict[str, Mapping[str, Any]] = {}
        for path in sorted(self._run.glob(_FILES)):
            try:
                payloads = InFlight.read(path).payloads
            except FileNotFoundError:  # its worker has ended, or was accounted for
                continue
            for payload in payloads:
                mark = _mark(payload)
                if mark is not None:
                    known = found.get(mark["exchange_id"])
                    if known is None or _told(mark) >= _told(known):
                        found[mark["exchange_id"]] = mark
        return sorted(found.values(), key=lambda mark: str(mark["started_at"]))


def _mark(payload: bytes) -> Mapping[str, Any] | None:
    try:
        mark = _decode(payload)
    except msgspec.MsgspecError:
        return None
    names = ("exchange_id", "started_at")
    return mark if all(type(mark.get(name)) is str for name in names) else None


def _told(mark: Mapping[str, Any]) -> tuple[int, str]:
    """How much a mark knows: of two of one exchange the later one, by turns and time."""
    return mark.get(TURNS, -1), mark.get("ended_at", "")
