"""What was granted is found again by the next control process."""

from pathlib import Path

from weighbridge.budgets.lease import Account, Holder
from weighbridge.budgets.lender import Granted
from weighbridge.budgets.permits import Level
from weighbridge.control.lease_store import FILE_NAME, LeaseStore

ONE, TWO = Holder(0, 1_800_000_000_000_000_001), Holder(1, 2)
CARE = Account("bud_care", None, 1_800_000_000_000_000)
AGENT = Account("bud_agent", "ä'\n", 0)
FIRST = Granted(ONE, CARE, 1, 10**22)
SECOND = Granted(TWO, AGENT, 2, 5)


def test_grants_outlive_the_process(tmp_path: Path) -> None:
    """The last figure of each is there again, whatever its size and the value's letters."""
    store = LeaseStore.open(tmp_path)
    store.keep([FIRST._replace(granted=1), SECOND])
    store.keep([FIRST])
    store.close()
    again = LeaseStore.open(tmp_path)
    assert sorted(again.all()) == [FIRST, SECOND]
    again.drop([(TWO, AGENT, 2)])
    assert again.all() == [FIRST]
    again.bury(ONE)
    assert again.all() == []
    again.close()


def test_a_broken_file_is_begun_anew(tmp_path: Path) -> None:
    """Workers that live say themselves what they have, so nothing hangs on the file."""
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    store = LeaseStore.open(tmp_path)
    assert store.all() == []
    store.keep([FIRST])
    assert store.all() == [FIRST]
    store.close()


def test_levels_outlive_the_process(tmp_path: Path) -> None:
    """The last level of each bucket is there again, until it is surely full."""
    store = LeaseStore.open(tmp_path)
    store.keep_levels([Level(CARE, -(10**20), 5), Level(AGENT, 1, 9)])
    store.keep_levels([Level(AGENT, 2, 10)])
    store.close()
    again = LeaseStore.open(tmp_path)
    assert sorted(again.levels()) == [Level(AGENT, 2, 10), Level(CARE, -(10**20), 5)]
    again.drop_levels(6)
    assert again.levels() == [Level(AGENT, 2, 10)]
    again.close()
