"""A dead holder's rows are all counted when whatever it left has been found and loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge.budgets.lease import Holder
from weighbridge.control.dead_holders import DeadHolders
from weighbridge.control.life import LifeSign

DEAD = Holder(0, 1)
ALIVE = Holder(1, 2)


class Journals:
    """Recoveries that somebody may want at once."""

    recoveries = 0
    hurried = 0

    def recover_soon(self) -> None:
        self.hurried += 1

    def unloaded(self) -> set[str]:
        return set()


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[LifeSign]:
    sign = LifeSign.create(tmp_path, ALIVE)
    yield sign
    sign.close()


async def test_two_recoveries_tell_which_segments_are_awaited(tmp_path: Path) -> None:
    """The one under way when the death is seen may have passed its files by."""
    journals = Journals()
    dead = DeadHolders(tmp_path, journals)
    assert await dead.over([DEAD], 4, set()) == []
    assert await dead.over([DEAD], 5, set()) == []
    assert journals.hurried == 2
    assert await dead.over([DEAD], 6, {"its last"}) == []
    assert await dead.over([DEAD], 7, {"another's"}) == [DEAD]
    assert journals.hurried == 2


@pytest.mark.usefixtures("alive")
async def test_the_living_are_not_among_them(tmp_path: Path) -> None:
    """Who only cannot be reached may still write rows."""
    dead = DeadHolders(tmp_path, Journals())
    assert await dead.over([ALIVE], 1, set()) == []
    assert await dead.over([ALIVE], 9, set()) == []
    assert not dead


async def test_a_buried_holder_is_forgotten(tmp_path: Path) -> None:
    """Its sign goes with it, and nobody waits any longer."""
    sign = LifeSign.create(tmp_path, DEAD)
    sign.close()
    dead = DeadHolders(tmp_path, Journals())
    await dead.over([DEAD], 1, set())
    assert repr(dead) == "<DeadHolders 1 dying>"
    assert await dead.over([DEAD], 3, set()) == [DEAD]
    dead.forget(DEAD)
    assert len(dead) == 0
    assert not sign.path.exists()
