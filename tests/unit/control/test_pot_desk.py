"""Two desks for leased money with a real store between them, purses at their ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis_server import RedisServer

from weighbridge.budgets import lease
from weighbridge.budgets.books import Needs
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account, Grants, Holder, Holding, Report
from weighbridge.budgets.lender import Lender
from weighbridge.budgets.pocket import Hold, Need
from weighbridge.budgets.pot import Answer, Ask, Declared, Part
from weighbridge.budgets.purse import Purse
from weighbridge.budgets.windows import Window
from weighbridge.control import lease_hub, pot_store
from weighbridge.control.lease_hub import LeaseHub
from weighbridge.control.lease_store import LeaseStore
from weighbridge.control.life import LifeSign
from weighbridge.control.nodes import NodeService
from weighbridge.control.pot_desk import PotDesk
from weighbridge.control.pot_memory import PotMemory
from weighbridge.control.pot_sums import Summed
from weighbridge.core.money import pico_to_decimal
from weighbridge.errors import ConflictError, ControlError, NotFoundError
from weighbridge.reports.cost_query import CostQuery

CENT = 10**10
CARE = Account("bud_care", None, 0)
GONE = Account("bud_gone", None, 0)
NOW_US = 10**15
WITHIN_S = 60.0


def budget(**fields: Any) -> Budget:
    given = {"name": "care", "limit_pico_usd": 10 * CENT, "period": "total", "action": "block"}
    return Budget(id="bud_care", **given | fields)


class NoDefinitions:
    """Both nodes have the same budgets already."""

    async def exchange(self, store: object) -> None:
        """There is nothing to say."""


class Node:
    """A hub, its desk, a ledger that is told its sum, and one worker's purse."""

    def __init__(self, folder: Path, server: RedisServer, name: str) -> None:
        folder.mkdir()
        self.spent = 0
        self.recoveries = 0
        self.desk = PotDesk(server.url, PotMemory(folder), name, self, NoDefinitions())
        self.store = LeaseStore.open(folder)
        self.hub = LeaseHub(folder, self.store, self, self, pot=self.desk, now_us=lambda: NOW_US)
        self.hub.learn([budget()])
        self.sign = LifeSign.create(folder, Holder(0, 1))
        self.purse = Purse(Holder(0, 1))
        self.holds: list[Hold] = []
        self.refused = 0
        self.closed = False

    def run(self, query: CostQuery, now: datetime) -> Any:
        cost = pico_to_decimal(self.spent)
        return SimpleNamespace(totals={"cost": cost}, rows=[{"cost": cost}])

    def unloaded(self) -> set[str]:
        return set()

    def recover_soon(self) -> None:
        """Nobody dies here."""

    def start(self) -> None:
        self.hub.start()
        self.report(full=True)

    def report(self, *, full: bool = False) -> None:
        report = self.purse.report(NOW_US, full=full)
        if report is not None:
            self.hub.heard(lease.encode(report), self._received)

    def _received(self, message: bytes) -> None:
        word = lease.decode(message)
        assert isinstance(word, Grants)
        self.purse.receive(word)
        for ticket in self.purse.decide(NOW_US):
            if ticket.hold is not None:
                self.holds.append(ticket.hold)
            else:
                self.refused += 1
        self.report()

    def call(self, count: int = 1) -> None:
        for _ in range(count):
            needs = [Need(CARE, CENT, CENT)]
            hold = self.purse.hold(needs, NOW_US)
            if hold is not None:
                self.holds.append(hold)
            else:
                self.purse.wait(needs, NOW_US)
        self.report()

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        await self.hub.close()
        self.store.close()
        self.sign.close()


async def until(probe: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not probe():  # noqa: ASYNC110 - of what is looked at nothing tells
            await asyncio.sleep(0.005)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A store of the test's own."""
    with RedisServer(tmp_path, "--save", "", "--appendonly", "no") as started:
        yield started


@pytest.fixture
async def pair(
    tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes that have met."""
    monkeypatch.setattr(lease_hub, "REFRESH_S", 0.05)
    nodes = (Node(tmp_path / "a", server, "a"), Node(tmp_path / "b", server, "b"))
    for node in nodes:
        node.start()
    await until(lambda: all(len(node.desk.sharing().nodes) == 2 for node in nodes))
    yield nodes
    for node in nodes:
        await node.close()


async def looked_around(*nodes: Node) -> None:
    """Two whole refreshes of each, in which whatever could be lent would have been."""
    before = [node.hub.refreshes for node in nodes]
    await until(
        lambda: all(
            node.hub.refreshes >= seen + 2 for node, seen in zip(nodes, before, strict=True)
        )
    )


def held(pair: tuple[Node, Node]) -> int:
    return sum(len(node.holds) for node in pair)


async def test_two_nodes_hold_no_more_than_one_limit(pair: tuple[Node, Node]) -> None:
    """25 calls of one cent at each, on ten cents: ten begin."""
    for node in pair:
        node.call(25)
    await until(lambda: held(pair) == 10)
    await looked_around(*pair)
    assert held(pair) == 10
    assert sum(len(node.purse.waiting) for node in pair) == 40


async def test_a_budget_that_counts_otherwise_is_told_anew(pair: tuple[Node, Node]) -> None:
    """Nothing is lent until both have; what they had of it before is free again."""
    a, b = pair
    a.spent = 6 * CENT
    b.call(4)
    await until(lambda: len(b.holds) == 4)
    a.spent = 0  # by what counts now
    for node in pair:
        node.hub.learn([budget(scope={"agent": ("x",)})])
    b.call(6)
    await until(lambda: len(b.holds) == 10)


async def test_what_one_node_has_to_spare_the_other_gets(pair: tuple[Node, Node]) -> None:
    """Also what its worker holds free, and what its calls give back."""
    a, b = pair
    a.call()
    await until(lambda: held(pair) == 1)
    b.call(9)
    await until(lambda: len(b.holds) == 9)
    b.call()
    a.purse.release(a.holds.pop())
    a.report()
    await until(lambda: len(b.holds) == 10)


async def test_what_the_others_spent_and_hold_is_shown(pair: tuple[Node, Node]) -> None:
    """From the sums of their ledgers; and whoever tells of thresholds is woken."""
    a, b = pair
    told: list[int] = []
    b.desk.on_growth = lambda: told.append(b.desk.grown)
    a.spent = 4 * CENT
    await until(lambda: b.hub.elsewhere("bud_care").get((None, 0)) == (4 * CENT, 0))
    assert told == [4 * CENT]
    b.call(10)
    await until(lambda: len(b.holds) == 6)
    await until(lambda: a.hub.elsewhere("bud_care").get((None, 0)) == (0, 6 * CENT))


async def test_without_the_store_what_is_in_reserve_is_lent_and_no_more(
    pair: tuple[Node, Node], server: RedisServer
) -> None:
    """Calls beyond it get no answer; all is well again when the store is, though it is empty."""
    a, b = pair
    a.call(2)
    b.call(2)
    await until(lambda: held(pair) == 4)
    server.kill()
    await until(lambda: all(node.desk.sharing().problem for node in pair))
    for node in pair:
        node.call(20)
    await looked_around(*pair)
    assert held(pair) <= 10
    assert [node.refused for node in pair] == [0, 0]
    server.start()
    await until(lambda: held(pair) == 10)
    await until(lambda: not any(node.desk.sharing().problem for node in pair))


async def test_a_store_that_forgot_is_told_again_what_was_spent_and_lent(
    pair: tuple[Node, Node], server: RedisServer
) -> None:
    """Though nothing of it has changed since."""
    a, b = pair
    a.spent = 6 * CENT
    a.call(2)
    await until(lambda: len(a.holds) == 2)

    def is_seen() -> bool:
        return b.hub.elsewhere("bud_care").get((None, 0)) == (6 * CENT, 2 * CENT)

    await until(is_seen)
    server.kill()
    await until(lambda: all(node.desk.sharing().problem for node in pair))
    server.start()
    await until(lambda: not any(node.desk.sharing().problem for node in pair))
    b.call(10)
    await until(lambda: len(b.holds) == 2)
    await until(is_seen)
    await looked_around(*pair)
    assert len(b.holds) == 2


async def test_a_node_that_never_told_is_waited_for_until_it_is_taken_away(
    tmp_path: Path, server: RedisServer, pair: tuple[Node, Node]
) -> None:
    """An operator says that it is gone, which is written down."""
    a, b = pair
    await b.close()
    other = {"scope": {"agent": ("x",)}}
    a.hub.learn([budget(**other)])
    a.call()
    await looked_around(a)
    assert held(pair) == 0
    (gone,) = [node for node in a.desk.sharing().nodes if not node.own]
    noted: list[Any] = []
    service = NodeService(FakeDatabase(noted), a.desk)  # type: ignore[arg-type]
    await until(lambda: not a.desk.sharing().nodes[1].reached)
    with pytest.raises(ConflictError, match="is there"):
        await service.dismiss(a.desk.sharing().nodes[0].id)
    with pytest.raises(NotFoundError):
        await service.dismiss("nobody")
    await service.dismiss(gone.id)
    await until(lambda: held(pair) == 1)
    assert [(row.action, row.before) for row in noted] == [("node.remove", {"name": "b"})]
    await until(lambda: a.desk.sharing().nodes[1].gone)


class FakeDatabase:
    """Keeps what is added."""

    def __init__(self, noted: list[Any]) -> None:
        self.noted = noted

    def change(self, *, policy: bool) -> "FakeDatabase":
        return self

    def __enter__(self) -> SimpleNamespace:
        return SimpleNamespace(add=self.noted.append)

    def __exit__(self, *_: object) -> None:
        """Nothing to commit."""


async def test_without_a_store_there_are_no_nodes() -> None:
    """Budgets are this gateway's own."""
    service = NodeService(FakeDatabase([]))  # type: ignore[arg-type]
    assert not service.all().shared
    with pytest.raises(NotFoundError):
        await service.dismiss("anybody")


class Teller:
    """A desk by itself, with a lender that nobody borrows of, and what it tells of the ledger."""

    def __init__(self, folder: Path) -> None:
        self.lender = Lender(lambda *_: 100 * CENT)
        self.desk = PotDesk("redis://127.0.0.1:1", PotMemory(folder), "a", self, NoDefinitions())
        self.desk.attach(self)
        self.known = {"bud_care": budget()}
        self.asked: list[Ask] = []
        self.told: list[dict[Account, Part]] = []
        self.firsts: list[bool] = []

    def run(self, query: CostQuery, now: datetime) -> Any:
        raise AssertionError("nobody asks the ledger here")

    def budgets(self) -> dict[str, Budget]:
        return self.known

    def decide_soon(self) -> None:
        """Nobody waits."""

    def lend(self, cents: int, account: Account = CARE) -> None:
        """A worker turns up with so much of it."""
        holding = Holding(account=account, granted=cents * CENT, held=cents * CENT)
        self.lender.receive(Report(holder=Holder(0, 1), sequence=1, holdings=(holding,)))

    async def serve(self, ask: Ask, counts: str, end_us: int | None) -> Answer:
        self.asked.append(ask)
        return Answer(ask.keep)

    async def declare(
        self, of: str, declared: Declared, parts: dict[Account, Part], within: pot_store.Window
    ) -> None:
        self.told.append(dict(parts))
        self.firsts.append(within.all is not None)

    async def standings(self, of: str, window_us: int) -> dict[str | None, tuple[int, int]]:
        return {}

    async def tell(self, spent: int | None, told_of: Budget | None = None) -> bool:
        sums = {} if spent is None else {CARE: spent * CENT}
        window = Window(0, None)
        return await self.desk._tell(self, told_of or budget(), window, sums)  # type: ignore[arg-type]


@pytest.fixture
async def teller(tmp_path: Path) -> AsyncIterator[Teller]:
    made = Teller(tmp_path)
    yield made
    await made.desk.close()


async def test_a_sum_that_is_older_than_what_was_used_is_not_believed(teller: Teller) -> None:
    """Its question was asked before the last rows came; what was lent of the share was used."""
    assert await teller.tell(None)
    used = Needs(used=7 * CENT, spent=0, free=0, least=7 * CENT, like=7 * CENT)
    asked = teller.desk.shares.ask(CARE, used, 10 * CENT, NOW_US)
    assert asked is not None
    teller.desk.shares.answered(asked, Answer(8 * CENT))
    assert await teller.tell(5)
    assert teller.told[-1] == {CARE: Part(8 * CENT, 5 * CENT, CENT)}
    assert await teller.tell(9)
    assert teller.told[-1] == {CARE: Part(9 * CENT, 9 * CENT, 0)}


async def test_a_budget_is_declared_when_all_its_accounts_are_summed(teller: Teller) -> None:
    """A worker has something of one that the lender has not asked the ledger about."""
    teller.lend(4)
    assert not await teller.tell(2)
    assert teller.told == []
    teller.lender.refresh(CARE, 2 * CENT, {})
    assert await teller.tell(2)
    assert teller.told == [{CARE: Part(6 * CENT, 2 * CENT, 0)}]


async def test_what_is_told_first_is_all_there_is(teller: Teller) -> None:
    """By a definition; what another one counted is forgotten."""
    assert await teller.tell(5)
    assert await teller.tell(5)
    assert await teller.tell(2, budget(scope={"agent": ("x",)}))
    assert teller.told == [{CARE: Part(c * CENT, c * CENT, 0)} for c in (5, 2)]
    assert teller.firsts == [True, True]
    assert await teller.tell(3, budget(scope={"agent": ("x",)}))
    assert teller.firsts == [True, True, False]


async def test_what_the_lender_has_out_is_not_forgotten_with_a_definition(teller: Teller) -> None:
    """Nor what is in reserve for it."""
    teller.lend(4)
    teller.lender.refresh(CARE, 0, {})
    assert await teller.tell(0)
    asked = teller.desk.shares.ask(CARE, Needs(4 * CENT, 0, 0, 4 * CENT, 6 * CENT), CENT, NOW_US)
    assert asked is not None
    teller.desk.shares.answered(asked, Answer(6 * CENT))
    assert await teller.tell(0, budget(scope={"agent": ("x",)}))
    assert teller.desk.shares.part(CARE) == Part(6 * CENT, 0, 2 * CENT)


async def test_sums_of_a_budget_that_has_changed_since_are_not_told(teller: Teller) -> None:
    """They may not be what counts now; they are asked anew at once."""
    former = budget(scope={"agent": ("x",)})
    for summed, told in ((former, []), (budget(), [{CARE: Part(2 * CENT, 2 * CENT, 0)}])):
        done = asyncio.get_running_loop().create_future()
        done.set_result(Summed(0.0, [(summed, Window(0, None), {CARE: 2 * CENT})]))
        teller.desk._sums = done  # type: ignore[assignment]
        await teller.desk._declare(teller)  # type: ignore[arg-type]
        assert teller.told == told
        assert (teller.desk._sums_at_s == 0.0) == (not told)


async def test_what_is_in_doubt_is_neither_asked_for_nor_given_back(teller: Teller) -> None:
    """The lender may have lent all of a share since it was last known what was used of it."""
    wants = Needs(4 * CENT, 0, 0, 4 * CENT, 8 * CENT)
    asked = teller.desk.shares.ask(CARE, wants, 10 * CENT, NOW_US)
    assert asked is not None
    teller.desk.shares.answered(asked, Answer(8 * CENT))
    teller.desk.shares.want([CARE])
    teller.lend(8)
    await teller.desk._ask(teller, CARE)  # type: ignore[arg-type]
    assert teller.asked == []
    teller.lender.refresh(CARE, 0, {})
    await teller.desk._ask(teller, CARE)  # type: ignore[arg-type]
    assert [each.keep for each in teller.asked] == [8 * CENT]


async def test_without_the_store_nothing_is_certain(teller: Teller) -> None:
    """And people see why."""
    teller.desk.shares.begin_anew()
    assert teller.desk.shares.terms(CARE, CENT).certain
    teller.desk._lose(ControlError("the store is away"))
    assert not teller.desk.shares.terms(CARE, CENT).certain
    assert teller.desk.sharing().problem == "the store is away"


async def test_shares_of_budgets_that_are_no_more_are_forgotten(teller: Teller) -> None:
    """Once the lender has nothing of them."""
    teller.desk.shares.declare({CARE: (4 * CENT, 0), GONE: (CENT, 0)})
    teller.lend(1, GONE)
    teller.known = {}
    teller.desk._prune(1e12)
    assert list(teller.desk.shares) == [GONE]


def test_a_node_is_its_data_folder(tmp_path: Path) -> None:
    """The same id after a restart; another where the file is broken."""
    memory = PotMemory(tmp_path)
    first = memory.load()
    assert PotMemory(tmp_path).load() == first
    (tmp_path / "nodes.json").write_bytes(b"{")
    assert PotMemory(tmp_path).load().id != first.id
