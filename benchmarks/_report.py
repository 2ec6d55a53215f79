"""Figures of interleaved rounds: medians with their range, tables, JSON, what machine it was."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from _typeshed import DataclassInstance


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median and range, `31,200 (30,900-31,400)`."""
    low, high = min(values), max(values)
    return f"{median(values):,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table that is also readable on a terminal."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    print(f"\n### {title}\n")
    for number, row in enumerate(cells):
        aligned = [row[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("| " + " | ".join(aligned) + " |")
        if number == 0:
            rules = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
            print("| " + " | ".join(rules) + " |")
    sys.stdout.flush()


def progress(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": ", ".join(sorted(names)),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def as_dict(value: DataclassInstance) -> dict[str, object]:
    """A value object's fields, floats to a thousandth."""
    return {
        name: round(field, 3) if isinstance(field, float) else field
        for name, field in asdict(value).items()
    }


def write_json(path: Path | None, results: dict[str, object]) -> None:
    if path is not None:
        path.write_text(json.dumps({"machine": machine(), **results}, indent=2) + "\n")
        progress(f"wrote {path}")


def add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure here")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("/var/tmp"),
        metavar="DIR",
        help="where logs and ledger go while it runs; a disk, or fdatasync costs nothing "
        "(default: %(default)s)",
    )
    parser.add_argument("--keep", action="store_true", help="keep those files and logs")


@contextmanager
def work_folder(options: argparse.Namespace) -> Iterator[Path]:
    """A folder for one run's logs and ledger.

    SIGTERM ends the script as an exception does, so that what it started is stopped.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="weighbridge-bench-", dir=options.work))
    # nginx drops root for its worker, which must reach its folders for temporary files.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if options.keep:
            progress(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
