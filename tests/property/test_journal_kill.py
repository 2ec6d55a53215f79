"""`kill -9` at any moment: every exchange that began has one row, every finished one its own."""

import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from ledger_rows import NOON_US, exchange_id

from weighbridge.ledger.recovery import Recovery
from weighbridge.ledger.segments import JournalFolders, sealed_segments

SUPPORT = Path(__file__).parents[1] / "support"

WORKER = """
import asyncio, sys
from pathlib import Path
from ledger_rows import line, mark
from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.journal import Journal, Timing

async def work(folder):
    marks = InFlight.create(folder / "in-flight-0.slots")
    journal = Journal(folder / "journal", "gw-0", marks, timing=Timing(1, 5, 20))
    await journal.start()
    open_slots = []
    for number in range(1_000_000):
        open_slots.append((number, marks.begin(mark(number))))
        print("began", number, flush=True)
        if len(open_slots) > 3:
            done, slot = open_slots.pop(0)
            journal.append(line(done), slot)
        if number % 7 == 0:
            await asyncio.sleep(0.001)
            print("written", journal.written, flush=True)

asyncio.run(work(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("seed", range(6))
def test_each_exchange_once_after_kill_9(tmp_path: Path, seed: int) -> None:
    """What was begun by then is in the journal or was in flight; nothing is in both."""
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    lines_to_read = random.Random(seed).randrange(1, 1500)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(SUPPORT)}
    ) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline().split() for _ in range(lines_to_read)]
        worker.kill()
        said += [line.split() for line in worker.stdout.read().splitlines()]
    begun = 1 + max(int(number) for word, number in said if word == "began")
    written = max((int(number) for word, number in said if word == "written"), default=0)

    folders = JournalFolders(tmp_path / "journal")
    result = Recovery(folders.root, tmp_path, lambda _: ()).run_once(NOON_US)
    rows = [
        msgspec.json.decode(line)
        for path in sealed_segments(folders)
        for line in path.read_bytes().splitlines()
    ]

    ids = sorted(row["exchange_id"] for row in rows)
    # The exchange after the last that was told may have begun too.
    assert ids in (
        [exchange_id(number) for number in range(begun)],
        [exchange_id(number) for number in range(begun + 1)],
    )
    finished = {row["exchange_id"] for row in rows if row["outcome"] == "ok"}
    assert finished >= {exchange_id(number) for number in range(written)}
    assert result.torn == 0
    assert Recovery(folders.root, tmp_path, lambda _: ()).run_once(NOON_US).interrupted == 0
