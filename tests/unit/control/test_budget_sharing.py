"""Definitions of budgets between two nodes: the newest of each is in force at both."""

from pathlib import Path

import pytest

from weighbridge.budgets.budget import NewBudget
from weighbridge.control.budget_sharing import BudgetSharing
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import ChannelRow
from weighbridge.errors import NotFoundError

CENT = 10**10


class Store:
    """What the pot keeps of definitions."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.told = 0
        self.named: list[str] = []

    async def definitions(self) -> dict[str, str]:
        return dict(self.kept)

    async def define(self, budgets: dict[str, str]) -> None:
        self.told += 1
        self.kept.update(budgets)

    async def name_channels(self, budgets: list[str]) -> None:
        self.named = budgets


class Node:
    """A control database with its sharing; all clocks are one."""

    clock_us = 10**15

    def __init__(self, folder: Path, store: Store) -> None:
        folder.mkdir()
        self.database = Database.open(folder)
        self.budgets = BudgetService(self.database, Mint(now_us=self._now_us))
        self.store = store
        self.published = 0
        self.sharing = BudgetSharing(self.database, self.budgets, self._publish)

    def _now_us(self) -> int:
        Node.clock_us += 1
        return Node.clock_us

    async def _publish(self) -> None:
        self.published += 1

    async def exchange(self) -> None:
        await self.sharing.exchange(self.store)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Node, Node]:
    """Two nodes and what is between them."""
    store = Store()
    return Node(tmp_path / "a", store), Node(tmp_path / "b", store)


def wanted(limit: int = 100, **fields: object) -> NewBudget:
    return NewBudget(name="care", limit_pico_usd=limit * CENT, **fields)  # type: ignore[arg-type]


def add_channel(node: Node, name: str) -> None:
    with node.database.change(policy=False) as session:
        kept = {"id": f"chn_{name}", "name": name, "name_key": name, "service": "json"}
        row = ChannelRow(**kept, sealed_url="", kinds=[], enabled=True, created_at_us=1)
        session.add(row)


async def settle(pair: tuple[Node, Node]) -> None:
    for _ in range(2):
        for node in pair:
            await node.exchange()


async def test_what_one_makes_changes_and_raises_is_in_force_at_the_other(
    pair: tuple[Node, Node],
) -> None:
    """Under the same id, with the raise's author."""
    a, b = pair
    made = a.budgets.create(wanted(scope={"agent": ("x",)})).budget
    await settle(pair)
    assert b.budgets.get(made.id).budget == made
    a.budgets.give_raise(made.id, (5 * CENT, Node.clock_us + 10**9, "release"))
    b_sees = a.budgets.update(made.id, lambda _: wanted(200)).budget
    await settle(pair)
    assert b.budgets.get(made.id) == a.budgets.get(made.id)
    assert b.budgets.policy() == a.budgets.policy() == (b_sees,)
    assert b.published == 2


async def test_the_latest_change_wins_wherever_it_was_made(pair: tuple[Node, Node]) -> None:
    """And then nobody has anything to tell any more."""
    a, b = pair
    made = a.budgets.create(wanted()).budget
    await settle(pair)
    b.budgets.update(made.id, lambda _: wanted(150))
    a.budgets.update(made.id, lambda _: wanted(300))
    await settle(pair)
    assert b.budgets.get(made.id).budget.limit_pico_usd == 300 * CENT
    assert a.budgets.get(made.id).budget.limit_pico_usd == 300 * CENT
    told = a.store.told
    await settle(pair)
    assert a.store.told == told


async def test_what_is_removed_stays_removed(pair: tuple[Node, Node]) -> None:
    """Also where the pot has forgotten it, for the log of changes says so."""
    a, b = pair
    made = a.budgets.create(wanted()).budget
    await settle(pair)
    b.budgets.remove(made.id)
    b.store.kept.clear()
    await b.exchange()
    await settle(pair)
    for node in pair:
        with pytest.raises(NotFoundError):
            node.budgets.get(made.id)


async def test_channels_stay_each_node_s_own(pair: tuple[Node, Node]) -> None:
    """The other has none of that name."""
    a, b = pair
    add_channel(a, "slack-of-a")
    add_channel(b, "mail-of-b")
    made = a.budgets.create(wanted(channels=("slack-of-a",))).budget
    await settle(pair)
    assert b.budgets.get(made.id).budget.channels == ()
    b.budgets.update(made.id, lambda _: wanted(50, channels=("mail-of-b",)))
    await settle(pair)
    found = a.budgets.get(made.id).budget
    assert (found.limit_pico_usd, found.channels) == (50 * CENT, ("slack-of-a",))


async def test_others_know_which_budgets_name_channels(pair: tuple[Node, Node]) -> None:
    """Their names are none of their business."""
    one, _ = pair
    add_channel(one, "ops")
    named = one.budgets.create(wanted(channels=("ops",)))
    one.budgets.create(NewBudget(name="other", limit_pico_usd=CENT))
    await one.exchange()
    assert one.store.named == [named.budget.id]
