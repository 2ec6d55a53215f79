r"""Labels in a request body: read, checked, and on request taken out or filled in, as it passes.

Hides what is held back. A body that needs no change passes as the very bytes that came. From a
`labels` member that has to be changed or refused on, bytes are held back until the body ends, at
most `REGRETS_BYTES`: what turns out within them to be no JSON passes as it came, beyond them the
change stands. Rules for future edits: whatever the pieces, output, labels and error are the same,
so each rule is about offsets, never about pieces; memory is bounded by the two constants; an
error leaves the rest of the body as it is.
Counterparts: `json_members` finds the member, `label_edits` knows its bytes;
`gateway/request_bodies` calls this.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from itertools import islice
from typing import ClassVar, Final

from weighbridge.attribution.json_members import Member, MemberScanner, State
from weighbridge.attribution.json_whole import NAME
from weighbridge.attribution.json_whole import may_hold_name as may_hold_labels
from weighbridge.attribution.label_edits import (
    SOURCE,
    Edit,
    as_new_member,
    blanked,
    filled,
    read_labels,
)
from weighbridge.attribution.labels import MAX_LABELS, LabelError

__all__ = ["MEMBER_BYTES", "REGRETS_BYTES", "LabelFilter", "Mode", "may_hold_labels"]

MEMBER_BYTES: Final = 64 * 1024
REGRETS_BYTES: Final = 1024 * 1024
# The name as a body that is no JSON in UTF-8 may write it.
_WORD = re.compile(rb"l\0?a\0?b\0?e\0?l\0?s")
_WORD_BYTES: Final = 11
_COMPRESSED: Final = b"\x1f"  # gzip's first byte; no text begins with it
_TAIL: Final = State.TAIL
_TOO_LONG: Final = (
    f"the member is longer than {MEMBER_BYTES // 1024} KiB; 64 labels need far less, "
    "take out what is no label"
)
_TWICE: Final = "the member is given twice; give all labels in one"


class Mode(IntEnum):
    """What happens to the labels of a body."""

    KEEP = 0
    STRIP = 1
    INJECT = 2


class LabelFilter:
    """Life: `feed` with each piece, `finish` at the body's end; both give what is to be sent on.

    `labels` are those that the body carries, by the rules and after NFC; `sent` those that the
    provider gets; `error` is the rule that is broken, set before the body's last byte is given;
    `unread` says that the body is too unusual to be read and may hold labels. All are final
    after `finish`. `grows` says whether the output may be longer than the input.
    """

    member_bytes: ClassVar = MEMBER_BYTES
    regrets_bytes: ClassVar = REGRETS_BYTES

    __slots__ = (
        "_added", "_edits", "_failure", "_fed", "_held", "_held_at", "_inject", "_lenient",
        "_member_seen", "_pending_from", "_reading", "_scanner", "_searching", "_strip", "_window",
        "error", "grows", "labels", "sent", "unread",
    )  # fmt: skip

    def __init__(self, mode: Mode, inject: Mapping[str, str] | None, *, lenient: bool) -> None:
        self._strip = mode is Mode.STRIP
        self._inject = dict(inject or {}) if mode is Mode.INJECT else {}
        self._lenient = lenient
        self._scanner = MemberScanner()
        self.grows = bool(self._inject)
        self.labels: dict[str, str] = {}
        self.sent: dict[str, str] = {}
        self.error: LabelError | None = None
        self.unread = False
        self._reading = True
        self._searching = False
        self._window = b""
        self._member_seen = False
        self._added = False
        self._fed = 0
        self._held = bytearray()  # of the body from `_held_at` to `_fed`
        self._held_at = 0
        self._edits: list[Edit] = []
        # Where what may yet be undone begins: edits from there on, or what would be the error.
        self._pending_from: int | None = None
        self._failure: LabelError | None = None

    def __repr__(self) -> str:
        return f"<LabelFilter {self._scanner!r}, {len(self._held)} bytes held>"

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the body; gives those that may be sent on by now."""
        self._fed += len(data)
        if not self._reading:
            if self._searching:
                self._search(data)
            return data
        scanner = self._scanner
        found = scanner.feed(data)
        if not (found or self._held) and scanner.held_from is None and scanner.state < _TAIL:
            self._held_at = self._fed
            return data
        self._held += data
        self._decide(found)
        return self._released()

    def finish(self) -> bytes:
        """The body is whole; gives the rest of it."""
        if self._reading:
            if self._scanner.state is not _TAIL:
                self._give_up(self._fed)
            self._settle(None)
            self._reading = False
        return self._released()

    # What the body says.

    def _decide(self, found: list[Member]) -> None:
        scanner = self._scanner
        for member in found:
            self._take(member)
        read_to = scanner.offset if scanner.broken_at is None else scanner.broken_at
        if scanner.inside and scanner.held_from is not None:
            self._bound(scanner.held_from, read_to)
        if scanner.closed_at is not None and not self._added:
            self._added = True
            self._add_member(scanner.closed_at)
        if scanner.state > _TAIL:
            self._give_up(read_to)
        else:
            self._settle(read_to)

    def _take(self, member: Member) -> None:
        """What a whole member means."""
        if self._bound(member.before, member.known_at):
            return
        self._settle(member.known_at)
        if self._failed:
            return
        value = slice(member.value_at - self._held_at, member.end - self._held_at)
        raw = bytes(self._held[value])
        if self._member_seen:
            shown = raw[:64].decode("utf-8", "replace")
            self._fail(member.before, LabelError(SOURCE, _TWICE, key=NAME, value=shown))
            return
        self._member_seen = True
        try:
            self.labels = read_labels(raw, lenient=self._lenient)
        except LabelError as error:
            # Without its traceback, whose frames would keep the body.
            self._fail(member.before, error.with_traceback(None))
        else:
            self._change(member, raw)

    def _change(self, member: Member, raw: bytes) -> None:
        """Give the member the form in which it is sent on."""
        if self._strip:
            self._edit(member.before, blanked(member, self._held, self._held_at))
            return
        missing = {key: text for key, text in self._inject.items() if key not in self.labels}
        missing = dict(islice(missing.items(), MAX_LABELS - len(self.labels)))
        if missing:
            self._edit(member.before, filled(member, raw, missing))
        self.sent = {**self.labels, **missing}

    def _add_member(self, closed_at: int) -> None:
        """The object is whole: labels for one that has none."""
        if self._inject and not (self._member_seen or self._failed):
            self.sent = dict(islice(self._inject.items(), MAX_LABELS))
            edit = as_new_member(closed_at, self.sent, bare=self._scanner.bare)
            self._edit(closed_at, edit)

    def _bound(self, before: int, read_to: int) -> bool:
        """Refuse a member that is too long; gives whether it is."""
        too_long = read_to - before > self.member_bytes
        if too_long:
            self._settle(before + self.member_bytes + 1)
            if not self._failed:
                self._fail(before, LabelError(SOURCE, _TOO_LONG, key=NAME))
            self._member_seen = True
        return too_long

    # What may yet be undone.

    @property
    def _failed(self) -> bool:
        return self.error is not None or self._failure is not None

    def _edit(self, start: int, edit: Edit) -> None:
        self._edits.append(edit)
        if self._pending_from is None:
            self._pending_from = start

    def _fail(self, start: int, error: LabelError) -> None:
        self._undo()
        if self._pending_from is None:
            self._pending_from = start
        self._failure = error

    def _undo(self) -> None:
        """Forget the edits that are pending."""
        start = self._pending_from
        if start is not None:
            self._edits = [edit for edit in self._edits if edit[0] < start]

    def _settle(self, read_to: int | None) -> None:
        """What is pending stands, once enough of the body is known; None = all of it."""
        start = self._pending_from
        if start is None or (read_to is not None and read_to - start < self.regrets_bytes):
            return
        self._pending_from = None
        if self._failure is not None:
            self.error, self._failure = self._failure, None
            self.labels = {}
            self.sent = {}
            self._reading = False

    def _give_up(self, read_to: int) -> None:
        """The body is no JSON object: what is not sent on yet passes as it came."""
        self._settle(read_to)
        self._undo()
        self._pending_from = self._failure = None
        self._reading = False
        self.labels = {}
        self.sent = {}
        if self.error is not None:
            return
        rest = self._scanner.unfed[read_to - self._scanner.offset :]
        self._searching = True
        self.unread = self._member_seen or self._scanner.inside or rest.startswith(_COMPRESSED)
        self._search(rest)

    def _search(self, data: bytes) -> None:
        """Whether a body that can't be read may hold labels."""
        window = self._window + data
        if _WORD.search(window):
            self.unread = True
        self._searching = not self.unread
        self._window = window[1 - _WORD_BYTES :]

    def _released(self) -> bytes:
        """What is held back without need any longer, with its edits."""
        limit = self._limit()
        at, start = 0, self._held_at
        pieces: list[bytes | bytearray] = []
        waiting: list[Edit] = []
        for edit in self._edits:
            if self._pending_from is not None and edit[0] >= self._pending_from:
                waiting.append(edit)
                continue
            pieces += [self._held[at : edit[0] - start], edit[2]]
            at = edit[1] - start
        self._edits = waiting
        end = max(limit - start, 0)
        pieces.append(self._held[at:end])
        del self._held[:end]
        self._held_at = start + end
        return b"".join(pieces)

    def _limit(self) -> int:
        """How far the body may be sent on."""
        if not self._reading:
            return self._fed
        limit = self._fed if self._pending_from is None else self._pending_from
        held_from = self._scanner.held_from
        if held_from is None:
            return limit
        if self._scanner.inside or self._scanner.offset - held_from <= self.member_bytes:
            return min(limit, held_from)
        return limit  # white space without end: what comes behind it is too long to be labels
