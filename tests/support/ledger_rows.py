"""Rows, journals and disks for tests of the ledger."""

import contextlib
import errno
import os
from pathlib import Path

import msgspec

from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.core.ids import uuid7
from weighbridge.core.money import pico_to_text
from weighbridge.ledger.segments import Disk

NOON_US = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z


def exchange_id(number: int) -> str:
    return uuid7(NOON_US // 1000 + number, number * 0x9E37_79B9_7F4A_7C15)


def exchange(number: int, **columns: object) -> Exchange:
    """A priced row; `number` makes its id and its start, a second after the one before."""
    at = InstantFormatter()
    started_us = NOON_US + number * 1_000_000
    given: dict[str, object] = {
        "exchange_id": exchange_id(number),
        "started_at": at(started_us),
        "ended_at": at(started_us + 250_000),
        "latency_us": 250_000,
        "provider": "google",
        "surface": "gemini",
        "model": "gemini-2.5-flash",
        "outcome": "ok",
        "usage_source": "final",
        "pricing_status": "priced",
        "status": 200,
        "input_tokens": 100 + number,
        "output_tokens": 10,
        "total_tokens": 110 + number,
        "list_cost": pico_to_text((100 + number) * 300_000),
        "charges": [
            Charge(
                "input_text_token",
                str(100 + number),
                "0.000000300000",
                pico_to_text((100 + number) * 300_000),
                "gemini-2.5-flash/input",
            )
        ],
    }
    return Exchange(**(given | columns))  # type: ignore[arg-type]


def line(number: int, **columns: object) -> bytes:
    return msgspec.json.encode(exchange(number, **columns))


def mark(number: int) -> bytes:
    """What the gateway marks while the exchange of that number is in flight."""
    row = exchange(number)
    return msgspec.json.encode(
        {"exchange_id": row.exchange_id, "started_at": row.started_at, "department": "lab"}
    )


def write_lines(path: Path, *lines: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(one + b"\n" for one in lines))
    return path


class Crash(BaseException):
    """The process died here: no handler of the code under test may run on after it."""


class FailingDisk(Disk):
    """A disk whose next operations of a name fail, in the way that name fails.

    `full_after` bytes, a write stops short and then raises `ENOSPC`, as a full disk does.
    """

    def __init__(self) -> None:
        self.failing: dict[str, BaseException] = {}
        self.full_after: int | None = None
        self.calls: list[str] = []
        self.created: list[int] = []

    def die(self) -> None:
        """The process is gone, and its locks with it."""
        for fd in self.created:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _step(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise self.failing[name]

    def create(self, path: Path) -> int:
        self._step("create")
        fd = super().create(path)
        self.created.append(fd)
        return fd

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        self._step("write")
        if self.full_after is not None:
            data = data[: self.full_after]
            self.full_after -= len(data)
            if not data:
                raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(fd, data, offset)

    def sync(self, fd: int) -> None:
        self._step("sync")
        super().sync(fd)

    def truncate(self, fd: int, size: int) -> None:
        self._step("truncate")
        super().truncate(fd, size)

    def rename(self, source: Path, target: Path) -> None:
        self._step("rename")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        self._step("sync_folder")
        super().sync_folder(folder)
