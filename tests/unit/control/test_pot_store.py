"""The common pot in a real store: sessions, epochs, and what is written of shares."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis_server import RedisServer

from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Declared, Part
from weighbridge.control.pot_store import NAMING, Memory, PotLostError, PotStore, Window

CARE = Account("bud_care", None, 0)
WEB = Account("bud_care", "web: a=b", 0)
COUNTS = "everything"
HUGE = 10**30  # no number of the store's own


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One store for these tests; it saves nothing of itself."""
    folder = tmp_path_factory.mktemp("redis")
    with RedisServer(folder, "--save", "", "--appendonly", "no") as started:
        yield started


class Nodes:
    """Sessions of nodes, all closed at the end."""

    def __init__(self, server: RedisServer, stack: AsyncExitStack) -> None:
        self.server = server
        self._stack = stack

    async def node(self, name: str, memory: Memory | None = None, **join: bool) -> PotStore:
        given = memory or Memory(name)
        store = await self._stack.enter_async_context(
            PotStore.opened(self.server.url, given, name.upper())
        )
        assert await store.join(**{"may_found": True} | join)
        return store


@pytest.fixture
async def nodes(server: RedisServer) -> AsyncIterator[Nodes]:
    """An empty store."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(PotStore.opened(server.url, Memory("x"), "X"))
        await opened._client.flushall()
        yield Nodes(server, stack)


def ask(least: int = 0, keep: int = 0, account: Account = CARE, limit: int = HUGE) -> Ask:
    return Ask(account, keep=keep, spent=keep, spare=0, least=least, like=0, limit=limit)


async def declare(store: PotStore, *parts: tuple[Account, Part], all_told: bool = False) -> None:
    everything = frozenset(account for account, _ in parts) if all_told else None
    window = Window(0, None, everything)
    await store.declare("bud_care", Declared(COUNTS, 0), dict(parts), window)


async def test_two_nodes_share_what_there_is(nodes: Nodes) -> None:
    """Amounts beyond any float, to the last one."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    assert (await a.serve(ask(least=HUGE - 1), COUNTS, None)).taken == HUGE - 1
    assert await b.serve(ask(least=1), COUNTS, None) == Answer(1, held=HUGE - 1)
    assert (await b.serve(ask(keep=1, least=2), COUNTS, None)).taken == 1
    assert (await a.serve(ask(keep=5), COUNTS, None)).taken == 5
    assert (await b.serve(ask(keep=1, least=2), COUNTS, None)).spent == 5


async def test_values_have_pots_of_their_own(nodes: Nodes) -> None:
    """Whatever is in their names."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    assert (await a.serve(ask(least=HUGE, account=WEB), COUNTS, None)).taken == HUGE
    assert (await b.serve(ask(least=HUGE), COUNTS, None)).taken == HUGE
    await a.serve(ask(keep=7, account=WEB), COUNTS, None)
    assert await b.standings("bud_care", 0) == {"web: a=b": (7, 0)}


async def test_nothing_is_given_before_all_have_declared(nodes: Nodes) -> None:
    """The one who has not is named as people name it."""
    a, b = await nodes.node("a"), await nodes.node("b")
    await declare(a)
    assert await a.serve(ask(least=1), COUNTS, None) == Answer(0, silent=("B",))
    await declare(b, (CARE, Part(9, 9, 0)))
    assert await a.serve(ask(least=1), COUNTS, None) == Answer(1, spent=9)


async def test_who_waits_is_seen_by_the_others_in_turn(nodes: Nodes) -> None:
    """Until it has what it needs."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    await b.serve(ask(least=10, limit=10), COUNTS, None)
    assert (await a.look()).wanted == frozenset()
    assert (await a.serve(ask(least=4, limit=10), COUNTS, None)).taken == 0
    assert (await b.look()).wanted == {CARE}
    await b.serve(ask(keep=10, least=12, limit=10), COUNTS, None)
    assert (await a.look()).wanted == frozenset(), "it was first itself"
    await b.serve(ask(keep=6, limit=10), COUNTS, None)
    assert (await a.serve(ask(least=4, limit=10), COUNTS, None)).taken == 4
    assert (await b.look()).wanted == frozenset()


async def test_a_session_that_ended_waits_for_nothing(nodes: Nodes) -> None:
    """Whoever comes after asks for itself."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    await b.look()
    await b.serve(ask(least=20, limit=10), COUNTS, None)
    assert (await a.look()).wanted == {CARE}
    await nodes.node("b", b.memory)
    assert (await a.look()).wanted == frozenset()


async def test_who_is_not_heard_of_is_waited_for_by_nobody(nodes: Nodes) -> None:
    """It has died while it waited; whoever comes next may gather the last."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
        await store.look()
    await b.serve(ask(least=20, limit=10), COUNTS, None)
    assert (await a.look()).wanted == {CARE}
    assert (await a.serve(ask(least=5, limit=14), COUNTS, None)).taken == 0
    await a._client.hset(a._key("seen"), "b", 0)
    assert (await a.look()).wanted == frozenset()
    assert (await a.serve(ask(least=5, limit=14), COUNTS, None)).taken == 4


async def test_who_waits_keeps_its_place(nodes: Nodes) -> None:
    """However often it asks again; who has what it needs stands behind."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
        await store.look()
    await b.serve(ask(least=20, limit=10), COUNTS, None)
    for _ in range(2):
        await a.serve(ask(least=5, limit=10), COUNTS, None)
        await b.serve(ask(keep=10, least=20, limit=10), COUNTS, None)
    assert (await a.look()).wanted == {CARE}
    assert (await b.look()).wanted == frozenset()
    await b.serve(ask(keep=10, limit=10), COUNTS, None)
    await b.serve(ask(keep=10, least=20, limit=10), COUNTS, None)
    assert (await b.look()).wanted == {CARE}


async def test_a_later_window_is_no_reason_to_forget_what_was_told(nodes: Nodes) -> None:
    """Calls of the last window still end; by another definition all is told anew."""
    a, b = await nodes.node("a"), await nodes.node("b")
    early = Account("bud_care", None, 1_000)
    for since_us in (1_000, 2_000):
        for store in (a, b):
            await store.declare("bud_care", Declared(COUNTS, since_us), {}, Window(0, None, None))
    assert (await a.serve(ask(least=1, account=early), COUNTS, None)).silent == ()
    await b.declare("bud_care", Declared("otherwise", 2_000), {}, Window(0, None, None))
    assert (await a.serve(ask(least=1, account=early), "otherwise", None)).silent == ("B",)


async def test_who_was_taken_away_is_no_member_of_what_begins_anew(nodes: Nodes) -> None:
    """The server has started anew with what it had kept."""
    a, b = await nodes.node("a"), await nodes.node("b")
    await a.dismiss("b")
    await nodes.node("c")
    await a._client.rename(a._key("nodes"), "weighbridge:another-run:1:nodes")
    await a._client.set("weighbridge:epoch", "another-run:1")
    again = await nodes.node("a", Memory("a"))
    assert set((await again.look()).nodes) == {"a", "c"}
    assert b.memory.nodes.keys() >= {"b"}


async def test_a_store_that_was_emptied_ends_every_session(nodes: Nodes) -> None:
    """Whoever comes back counts all whom it knew, and none has declared."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    await a.look()
    await b.look()
    await a._client.flushall()
    with pytest.raises(PotLostError, match="has lost what it knew"):
        await b.serve(ask(least=1), COUNTS, None)
    again = await nodes.node("b", b.memory)
    await declare(again)
    assert (await again.serve(ask(least=1), COUNTS, None)).silent == ("A",)


async def test_a_store_that_others_have_begun_anew_has_lost_what_it_knew(nodes: Nodes) -> None:
    """Whoever was not there when it was emptied hears so from the new epoch, at any moment."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    between(b, lambda: a._client.set("weighbridge:epoch", "another"))
    with pytest.raises(PotLostError, match="has lost what it knew"):
        await b.serve(ask(least=1), COUNTS, None)
    assert await a._client.hgetall(a._parts(CARE)) == {}
    with pytest.raises(PotLostError, match="has lost what it knew"):
        await b.look()


async def test_a_node_that_knows_nobody_does_not_found_at_once(nodes: Nodes) -> None:
    """For the store may have been emptied just now, and others know."""
    store = PotStore((await nodes.node("a"))._client, Memory("new"), "NEW")
    await store._client.flushall()
    assert not await store.join(may_found=False)
    assert await store.join(may_found=True)


async def test_the_latest_session_of_a_node_is_the_only_one(nodes: Nodes) -> None:
    """What is still on its way from another one comes to nothing."""
    first = await nodes.node("a")
    await declare(first)
    second = await nodes.node("a", first.memory)
    with pytest.raises(PotLostError, match="another process has taken this node's place"):
        await first.serve(ask(least=5), COUNTS, None)
    await declare(second)
    assert (await second.serve(ask(least=5), COUNTS, None)).taken == 5


def between(store: PotStore, *events: Callable[[], Awaitable[object]]) -> None:
    """What happens after each look of a session at the store, and before it writes."""
    look, coming = store._look, list(events)

    async def looks(*of: Any) -> Any:
        seen = await look(*of)
        if coming:
            await coming.pop(0)()
        return seen

    store._look = looks  # type: ignore[method-assign]


async def test_a_question_that_a_dead_session_asked_comes_too_late(nodes: Nodes) -> None:
    """Another process has taken its place while it was on its way: nothing of it is written."""
    first = await nodes.node("a")
    await declare(first, (CARE, Part(7, 7, 0)))
    between(first, lambda: nodes.node("a", first.memory))
    with pytest.raises(PotLostError, match="another process has taken this node's place"):
        await first.serve(ask(least=90, keep=3), COUNTS, None)
    assert await part_of(first) == Part(7, 7, 0)


async def test_a_declaration_of_a_dead_session_comes_too_late(nodes: Nodes) -> None:
    """Its figures are older than those of whoever took its place."""
    first = await nodes.node("a")
    await declare(first)

    async def taken_over() -> None:
        second = await nodes.node("a", first.memory)
        await declare(second, (CARE, Part(7, 7, 0)))

    between(first, taken_over)
    with pytest.raises(PotLostError, match="another process has taken this node's place"):
        await declare(first, (CARE, Part(3, 3, 0)), all_told=True)
    assert await part_of(first) == Part(7, 7, 0)


async def test_a_node_that_is_taken_away_just_then_writes_nothing(nodes: Nodes) -> None:
    """Nobody waits for its word any more, so what it says now could be heard too late."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    between(a, lambda: b.dismiss("a"))
    with pytest.raises(PotLostError):
        await a.serve(ask(least=5), COUNTS, None)
    again = await nodes.node("a", a.memory)
    between(again, lambda: b.dismiss("a"))
    with pytest.raises(PotLostError):
        await declare(again, (CARE, Part(3, 3, 0)))
    assert await b.standings("bud_care", 0) == {}


async def test_two_that_look_at_once_are_not_given_the_same(nodes: Nodes) -> None:
    """What was looked at has changed: it is looked at again."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    between(a, lambda: b.serve(ask(least=8, limit=10), COUNTS, None))
    assert await a.serve(ask(least=8, limit=10), COUNTS, None) == Answer(2, held=8)


async def test_who_counts_otherwise_just_then_is_silent(nodes: Nodes) -> None:
    """What it has spent by this definition is not known any more."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    otherwise = Declared("otherwise", 0)
    between(a, lambda: b.declare("bud_care", otherwise, {}, Window(0, None, None)))
    assert (await a.serve(ask(least=8), COUNTS, None)).silent == ("B",)


async def part_of(store: PotStore) -> Part:
    """What the store has of a node."""
    raw = await store._client.hget(store._parts(CARE), store.memory.id + ":")
    return msgspec.json.decode(raw, type=Part)


async def test_a_first_declaration_takes_away_what_is_no_more(nodes: Nodes) -> None:
    """What a node had in reserve before it died is nobody's."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    await a.serve(ask(least=50, account=WEB), COUNTS, None)
    await b.serve(ask(least=4), COUNTS, None)
    again = await nodes.node("a", a.memory)
    await declare(again, (CARE, Part(3, 3, 0)), all_told=True)
    assert await b.standings("bud_care", 0) == {None: (3, 0)}
    assert (await part_of(b)).taken == 4, "each takes away its own alone"


async def test_a_node_that_is_taken_away_is_waited_for_no_more(nodes: Nodes) -> None:
    """What it took still counts; should it come back, it is one of them again."""
    a, b = await nodes.node("a"), await nodes.node("b")
    for store in (a, b):
        await declare(store)
    await b.serve(ask(least=40), COUNTS, None)
    assert "b" in (await a.look()).nodes
    assert "b" in a.memory.nodes
    await a.dismiss("b")
    assert "b" not in a.memory.nodes
    await declare(a)
    assert await a.serve(ask(least=HUGE), "counts otherwise", None) == Answer(HUGE - 40, held=40)
    assert (await a.look()).nodes["b"].gone
    assert "b" not in a.memory.nodes
    with pytest.raises(PotLostError):
        await b.look()
    back = await nodes.node("b", b.memory)
    assert not (await back.look()).nodes["b"].gone


async def test_windows_that_end_are_forgotten_by_the_store(nodes: Nodes) -> None:
    """Some days after their end."""
    a = await nodes.node("a")
    await declare(a)
    end_us = 4_000_000_000_000_000
    await a.serve(ask(least=1), COUNTS, end_us)
    assert await a._client.pexpiretime(a._parts(CARE)) == end_us // 1000 + 8 * 86_400_000
    await a.serve(ask(least=1, account=Account("bud_all", None, 0)), COUNTS, None)
    assert await a._client.ttl(a._parts(Account("bud_all", None, 0))) == -1


async def test_a_store_that_starts_anew_with_old_data_counts_for_nothing(tmp_path: Path) -> None:
    """It may be older than what nodes have spent since."""
    with RedisServer(tmp_path) as server:
        async with AsyncExitStack() as stack:
            nodes = Nodes(server, stack)
            a, b = await nodes.node("a"), await nodes.node("b")
            for store in (a, b):
                await declare(store)
            await b.look()
            await a._client.save()
        server.kill()
        server.start()
        async with AsyncExitStack() as stack:
            again = await Nodes(server, stack).node("a", Memory("a"))
            await declare(again)
            assert (await again.serve(ask(least=1), COUNTS, None)).silent == ("B",)


async def test_a_store_that_is_away_is_told_as_lost() -> None:
    """Without its address, which may hold a password."""
    with pytest.raises(PotLostError, match="cannot be used") as raised:
        async with PotStore.opened("redis://:secret@127.0.0.1:1/0", Memory("a"), "A") as store:
            await store.join(may_found=True)
    assert "secret" not in raised.value.message


async def test_which_budgets_name_channels_is_known_until_a_node_is_gone(nodes: Nodes) -> None:
    """By node; each overwrites its own word alone."""
    one, two = await nodes.node("a"), await nodes.node("b")
    await one.name_channels(["bud_2", "bud_1"])
    await two.name_channels([])
    assert await one._client.hgetall(NAMING) == {"a": '["bud_1","bud_2"]', "b": "[]"}
    await two.dismiss("a")
    assert await two._client.hgetall(NAMING) == {"b": "[]"}
