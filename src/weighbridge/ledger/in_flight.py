"""Marks of exchanges in flight, in a mapped file that a `kill -9` leaves readable.

Hides the slot file. A mark costs a copy into shared memory: the page cache outlives the
process, so no system call is needed. Layout: one header page (magic, owner's start, table of
extents), then extents of equal slots. A slot: state byte, CRC-32 and length of the payload,
payload. A slot that was being written when the process died reads as free or fails its CRC;
its exchange had not begun.

Rules for future edits: the file is allocated before it is mapped (a sparse page on a full
disk would be SIGBUS in the worker); no memoryview of the map may live on (it must be able to
grow); the file is locked before its name is visible.
Counterpart: `recovery` reads the files of the dead.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

_MAGIC = b"WBSLOTS1"
_HEADER = struct.Struct("<8sQII")  # magic, created (unix ns), pid, extents
_EXTENT = struct.Struct("<QII")  # offset, slots, slot bytes
_SLOT = struct.Struct("<II")  # CRC-32, length; after the state byte and three of padding
_TAKEN = struct.Struct("<III").pack  # the same with a state of 1
_PAGE = 4096
_EXTENTS_MAX = (_PAGE - _HEADER.size) // _EXTENT.size
_STATE_AND_PADDING = 4
_OVERHEAD = _STATE_AND_PADDING + _SLOT.size
_SLOTS_MAX = 1 << 18
LARGE_SLOT_BYTES = 65_536  # holds 64 labels of the longest kind
_LARGER = (  # slot bytes, how many there are at first, and at most
    (4096, 64, 1 << 15),  # holds what a session has come to, with its charges
    (LARGE_SLOT_BYTES, 16, 1 << 10),
)


class Marks(NamedTuple):
    """What a slot file held: its owner's start, and the payloads of what was in flight."""

    created_unix_ns: int
    pid: int
    payloads: list[bytes]
    torn: int


class _Size:
    """The slots of one size: how many there are, and which are free."""

    __slots__ = ("first", "fits", "free", "most", "slot_bytes", "slots")

    def __init__(self, slot_bytes: int, first: int, most: int) -> None:
        self.slot_bytes = slot_bytes
        self.fits = slot_bytes - _OVERHEAD
        self.first = first
        self.most = most
        self.slots = 0
        self.free: list[int] = []

    def __repr__(self) -> str:
        return f"<_Size {self.slot_bytes}: {len(self.free)} of {self.slots} free>"


class InFlight:
    """The slots of one living worker. Free slots are reused last in, first out.

    A payload that does not fit a usual slot goes to a larger one; one that fits none, or finds
    every slot taken and no room to grow, is refused with -1: the exchange goes on unmarked.
    Nothing is ever cut short.
    """

    def __init__(self, path: Path, fd: int, slots: int, slot_bytes: int) -> None:
        self.path = path
        self._fd = fd
        self._usual = _Size(slot_bytes, slots, _SLOTS_MAX)
        self._larger = [_Size(*size) for size in _LARGER if size[0] > slot_bytes]
        self._map = mmap.mmap(fd, _PAGE)
        self._extents = 0
        self._offsets: list[int] = []
        self._homes: list[list[int]] = []
        self._fits = self._usual.fits
        self._free = self._usual.free
        _HEADER.pack_into(self._map, 0, _MAGIC, time.time_ns(), os.getpid(), 0)
        self._extend(self._usual, slots)

    @classmethod
    def create(cls, path: Path, slots: int = 4096, slot_bytes: int = 512) -> "InFlight":
        """A new slot file beside `path`, under its name and a number that never came before.

        A worker never waits for the one before it to be accounted for, and no name is taken
        twice: what `recovery` deletes by name is surely the file that it has read.
        """
        hidden = path.with_name(f".{path.name}")
        fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)  # what a crash at this point left
            os.posix_fallocate(fd, 0, _PAGE)
            shown = path.with_name(f"{path.name}.{time.time_ns()}")
            in_flight = cls(shown, fd, slots, slot_bytes)
            hidden.rename(shown)
        except OSError:
            os.close(fd)
            raise
        return in_flight

    def __repr__(self) -> str:
        return f"<InFlight {self.path.name}: {self.count} of {len(self._offsets)} slots taken>"

    @property
    def count(self) -> int:
        """Exchanges marked now."""
        return sum(size.slots - len(size.free) for size in (self._usual, *self._larger))

    def begin(self, payload: bytes) -> int:
        """Mark an exchange as begun; gives its slot, or -1 where it could not be marked."""
        size = len(payload)
        if size <= self._fits:
            free = self._free
            if not free and not self._grow(self._usual):
                return -1
        else:
            larger = next((each for each in self._larger if size <= each.fits), None)
            if larger is None or not (larger.free or self._grow(larger)):
                return -1
            free = larger.free
        slot = free.pop()
        offset = self._offsets[slot]
        # One copy: what a death in the middle of it leaves fails its CRC.
        mark = _TAKEN(1, crc32(payload), size) + payload
        self._map[offset : offset + _OVERHEAD + size] = mark
        return slot

    def update(self, slot: int, payload: bytes) -> int:
        """Mark an exchange anew, with what it has come to; gives the slot that it has now.

        The new mark is whole before the old one goes, so a crash finds one of them or both, and
        a mark that can't be written anew stays as it was.
        """
        moved = self.begin(payload)
        if moved < 0:
            return slot
        self.end(slot)
        return moved

    def end(self, slot: int) -> None:
        """Clear a mark; -1 and a slot that is free already are nothing."""
        self.end_all((slot,))

    def end_all(self, slots: Sequence[int]) -> None:
        """Clear many marks, as `end` does each."""
        memory, offsets, homes = self._map, self._offsets, self._homes
        for slot in slots:
            if slot >= 0:
                offset = offsets[slot]
                if memory[offset]:
                    memory[offset] = 0
                    homes[slot].append(slot)

    def payload(self, slot: int) -> bytes | None:
        """What a taken slot holds."""
        return _read_slot(self._map, self._offsets[slot]) if slot >= 0 else None

    def close(self) -> None:
        """Give the file up; it goes away where nothing is in flight, else recovery reads it."""
        if self._fd < 0:
            return
        if not self.count:
            self.path.unlink(missing_ok=True)
        self._map.close()
        os.close(self._fd)
        self._fd = -1

    @staticmethod
    def read(path: Path) -> Marks:
        """What a slot file holds, whoever wrote it and however it died."""
        data = path.read_bytes()
        if len(data) < _PAGE or data[:8] != _MAGIC:
            return Marks(0, 0, [], 0)
        _, created, pid, extents = _HEADER.unpack_from(data, 0)
        payloads: list[bytes] = []
        torn = 0
        for index in range(min(extents, _EXTENTS_MAX)):
            offset, slots, slot_bytes = _EXTENT.unpack_from(data, _HEADER.size + index * 16)
            for at in range(offset, min(offset + slots * slot_bytes, len(data)), slot_bytes):
                if data[at]:
                    payload = _read_slot(data, at)
                    if payload is None:
                        torn += 1
                    else:
                        payloads.append(payload)
        return Marks(created, pid, payloads, torn)

    def _grow(self, size: _Size) -> bool:
        try:
            return size.slots < size.most and self._extend(size, max(size.slots, size.first))
        except OSError:  # a full disk: go on unmarked
            return False

    def _extend(self, size: _Size, slots: int) -> bool:
        if self._extents >= _EXTENTS_MAX:
            return False
        slot_bytes = size.slot_bytes
        offset = len(self._map)
        end = offset + slots * slot_bytes
        end += -end % _PAGE
        os.posix_fallocate(self._fd, 0, end)
        self._map.resize(end)
        _EXTENT.pack_into(
            self._map, _HEADER.size + self._extents * _EXTENT.size, offset, slots, slot_bytes
        )
        self._extents += 1
        self._map[20:24] = self._extents.to_bytes(4, "little")
        first = len(self._offsets)
        self._offsets.extend(range(offset, offset + slots * slot_bytes, slot_bytes))
        self._homes.extend([size.free] * slots)
        size.free.extend(range(first + slots - 1, first - 1, -1))
        size.slots += slots
        return True


def _read_slot(data: bytes | mmap.mmap, offset: int) -> bytes | None:
    checksum, size = _SLOT.unpack_from(data, offset + _STATE_AND_PADDING)
    payload = data[offset + _OVERHEAD : offset + _OVERHEAD + size]
    return payload if len(payload) == size and crc32(payload) == checksum else None
