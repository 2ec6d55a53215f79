"""Lines of a segment that are no rows: found, set aside with a reason, the rest kept.

Hides the search. Lines that do not decode as an exchange are told at once; what the store
refuses beyond that is found by halving, asking the store about ever smaller pieces. Rules for
future edits: splitting a segment again gives the same files (a crash may come at any step).
Counterpart: `loader`.
"""

from enum import StrEnum
from pathlib import Path

import msgspec

from weighbridge.ledger.segments import JournalFolders
from weighbridge.ledger.stores.base import Store


class RejectReason(StrEnum):
    """Why a line was set aside."""

    NOT_JSON = "not_json"
    NOT_A_ROW = "not_a_row"  # JSON, but a column is missing or has another type
    VALUE_REFUSED = "value_refused"  # a value that the store cannot hold


class _Rejected(msgspec.Struct):
    """One line of a file in `rejected/`."""

    line: int
    reason: RejectReason
    text: str


class _Row(msgspec.Struct):
    """What every row has; the store judges the rest."""

    exchange_id: str
    started_at: str


class Salvage:
    """Splits one segment into lines that load and lines that do not."""

    def __init__(self, folders: JournalFolders, store: Store, segment: Path) -> None:
        self.rejected = 0
        self._store = store
        self._segment = segment
        self._bad = folders.rejected / segment.name
        self._piece = folders.rejected / f".{segment.name}.piece"
        self._good = folders.rejected / f".{segment.name}.good"

    def split(self) -> Path:
        """Write the bad lines aside; gives a file of the good ones."""
        bad: list[_Rejected] = []
        good: list[tuple[int, bytes]] = []
        decoder = msgspec.json.Decoder(_Row)
        for number, line in enumerate(self._segment.read_bytes().split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                decoder.decode(line)
            except msgspec.ValidationError:
                bad.append(_reject(number, line, RejectReason.NOT_A_ROW))
            except (msgspec.DecodeError, UnicodeDecodeError):
                bad.append(_reject(number, line, RejectReason.NOT_JSON))
            else:
                good.append((number, line))
        refused = self._refused(good)
        bad += [_reject(number, line, RejectReason.VALUE_REFUSED) for number, line in refused]
        bad.sort(key=lambda one: one.line)
        gone = {number for number, _ in refused}
        self.rejected = len(bad)
        self._bad.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in bad))
        _write_lines(self._good, [one for one in good if one[0] not in gone])
        return self._good

    def clean_up(self) -> None:
        """Remove the working files."""
        self._piece.unlink(missing_ok=True)
        self._good.unlink(missing_ok=True)

    def _refused(self, lines: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        if not lines:
            return []
        _write_lines(self._piece, lines)
        if self._store.accepts(self._piece):
            return []
        if len(lines) == 1:
            return lines
        half = len(lines) // 2
        return self._refused(lines[:half]) + self._refused(lines[half:])


def _reject(number: int, line: bytes, reason: RejectReason) -> _Rejected:
    return _Rejected(number, reason, line.decode("utf-8", "replace"))


def _write_lines(path: Path, lines: list[tuple[int, bytes]]) -> None:
    path.write_bytes(b"".join(line + b"\n" for _, line in lines))
