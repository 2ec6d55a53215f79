"""The common pot in a Valkey or Redis: one connection, and what is asked and written through it.

Hides keys, transactions, and how it is known that the store has lost something. What a node may
take is decided by `budgets/pot` over what is there, and written only if none of it has changed
meanwhile (WATCH, MULTI, EXEC). No arithmetic is left to the store, whose numbers end at 2^53.

Two things make a connection's word count. Its *session* is the last of its node: after another
`join` of that node, whatever is still on the way from an earlier one is refused. And the *epoch* is
what it was: it ends where the store was emptied or its server has started anew, maybe with old
data. All but the definitions of budgets lies under the epoch, so what is older counts no more.

Rules for future edits: every write checks session and epoch in its own transaction; any failure
ends the session; never a command twice. Counterpart: `pot_desk` asks.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any, Final, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, WatchError

from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Declared, Part, Table, serve
from weighbridge.errors import ControlError

_PREFIX: Final = "weighbridge"
_EPOCH: Final = f"{_PREFIX}:epoch"
# Which budgets name channels, by node.
NAMING: Final = f"{_PREFIX}:naming"
_TIMEOUT_S: Final = 1.0
_ATTEMPTS: Final = 50
_REACHED_S: Final = 3
# Rows of a window come in for a while after its end.
_KEPT_MS: Final = 8 * 24 * 3600 * 1000
# All that a decision needs, in one round trip; the nodes that were heard of just now come last.
_READ: Final = """
local nodes = redis.call('HGETALL', KEYS[2])
local parts = {}
for i = 1, #nodes, 2 do
  local raw = redis.call('HGET', KEYS[4], nodes[i] .. ARGV[1])
  if raw then parts[#parts + 1] = nodes[i]; parts[#parts + 1] = raw end
end
local now = tonumber(redis.call('TIME')[1])
local seen, reached = redis.call('HGETALL', KEYS[6]), {}
for i = 1, #seen, 2 do
  if now - tonumber(seen[i + 1]) <= tonumber(ARGV[2]) then reached[#reached + 1] = seen[i] end
end
return {redis.call('GET', KEYS[1]) or '', nodes, redis.call('HGETALL', KEYS[3]), parts,
  redis.call('HGETALL', KEYS[5]), reached}
"""
_SEEN: Final = "return redis.call('HSET', KEYS[1], ARGV[1], redis.call('TIME')[1])"


class PotLostError(ControlError):
    """The pot is away, has lost its data, or another process has taken this node's place."""


class Member(msgspec.Struct, frozen=True):
    """A node as the pot knows it.

    One that is `gone` is waited for no more, but what it took counts until its windows end.
    """

    name: str
    session: str = ""
    gone: bool = False


class Sight(NamedTuple):
    """What there is to see: accounts that others wait for, who is there, how new definitions are.

    `nodes` are by id; of them `reached` were heard of within seconds.
    """

    wanted: frozenset[Account]
    nodes: Mapping[str, Member]
    reached: frozenset[str]
    version: int


class Memory(msgspec.Struct, frozen=True):
    """What a node keeps of the pot: its own id, the epoch, and the nodes that it has seen."""

    id: str
    epoch: str = ""
    nodes: dict[str, str] = {}


class _Seen(NamedTuple):
    nodes: dict[str, Member]
    declared: dict[str, Declared]
    parts: dict[str, Part]
    queue: dict[str, int]
    reached: frozenset[str]


class PotStore:
    """One session. Life: `opened`, `join`, then one question at a time.

    Errors: `PotLostError` from every method; the session is over then.
    """

    def __init__(self, client: Any, memory: Memory, name: str) -> None:
        self.memory = memory
        self._client = client
        self._name = name
        self._session = token_hex(8)
        self._epoch = ""

    def __repr__(self) -> str:
        return f"<PotStore of {self._name}, session {self._session}>"

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, memory: Memory, name: str) -> AsyncIterator["PotStore"]:
        """A connection of its own, closed at the end."""
        client = Redis.from_url(
            url,
            decode_responses=True,
            single_connection_client=True,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        try:
            yield cls(client, memory, name)
        except (RedisError, OSError, TimeoutError) as error:
            raise PotLostError(f"the shared store cannot be used ({_why(error)})") from error
        finally:
            await client.aclose()

    async def join(self, *, may_found: bool) -> bool:
        """Take this node's place.

        Takes: whether it may found an epoch without knowing who else there is.
        Gives: False where it would have to, and may not.
        """
        info: dict[str, Any] = await self._client.info("server")
        run = str(info["run_id"])
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline() as pipe:
                await pipe.watch(_EPOCH)
                epoch = await pipe.get(_EPOCH) or ""
                former: dict[str, str] = {}
                if epoch:
                    await pipe.watch(self._key("nodes", epoch))
                    former = await pipe.hgetall(self._key("nodes", epoch))
                nodes = {node: _member(raw) for node, raw in former.items()}
                if not epoch.startswith(f"{run}:"):
                    if not (may_found or self.memory.epoch):
                        return False
                    epoch = f"{run}:{token_hex(8)}"
                    nodes = {n: Member(each.name) for n, each in nodes.items() if not each.gone}
                for node, name in self.memory.nodes.items():
                    nodes.setdefault(node, Member(name))
                nodes[self.memory.id] = Member(self._name, self._session)
                self._epoch = epoch
                pipe.multi()
                pipe.set(_EPOCH, epoch)
                pipe.hset(self._key("nodes"), mapping={n: _json(each) for n, each in nodes.items()})
                try:
                    await pipe.execute()
                except WatchError:
                    continue
            known = {node: each.name for node, each in nodes.items() if not each.gone}
            self.memory = Memory(self.memory.id, epoch, known)
            await self._forget_waiting(self.memory.id)
            return True
        raise PotLostError("the shared store is too busy to be joined")

    async def serve(self, ask: Ask, counts: str, end_us: int | None) -> Answer:
        """Ask for a share, or give of it back; what `budgets/pot` says is in force."""
        account = ask.account
        parts, queue = self._parts(account), self._key("queue")
        waits = f"{self.memory.id} {_json(account)}"
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline() as pipe:
                await pipe.watch(_EPOCH, self._key("nodes"), self._declared(account.budget), parts)
                seen = await self._look(pipe, account)
                members = [node for node, each in seen.nodes.items() if not each.gone]
                ahead = _ahead(seen.queue, self.memory.id, seen.reached).get(account, False)
                table = Table(seen.parts, seen.declared, members, seen.reached, ahead)
                part, answer = serve(table, self.memory.id, ask, counts)
                order = seen.queue.get(waits, 0)
                if ask.least > part.taken and not order:
                    order = await pipe.incr(self._key("order"))
                pipe.multi()
                pipe.hset(parts, self.memory.id + _suffix(account.value), _json(part))
                if end_us is not None:
                    pipe.pexpireat(parts, end_us // 1000 + _KEPT_MS)
                if ask.least > part.taken:
                    pipe.hset(queue, waits, str(order))
                else:
                    pipe.hdel(queue, waits)
                try:
                    await pipe.execute()
                except WatchError:
                    continue
            names = tuple(seen.nodes[node].name for node in answer.silent)
            return answer._replace(silent=names)
        raise PotLostError("the shared store is too busy")

    async def declare(
        self, budget: str, declared: Declared, parts: Mapping[Account, Part], window: "Window"
    ) -> None:
        """Say what this node has of a budget, and that it enforces it.

        Takes: parts to write; `window`, its start and end, and, where it is the first time in this
        session, the accounts that there are, of which all others are taken away.
        """
        node, key = self.memory.id, self._key("parts", None, budget, str(window.start_us))
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline() as pipe:
                await pipe.watch(_EPOCH, self._key("nodes"), self._declared(budget))
                seen = await self._look(pipe, Account(budget, None, window.start_us))
                former = seen.declared.get(node)
                if former is not None and former.counts == declared.counts:
                    since_us = min(declared.since_us, former.since_us)
                    declared = Declared(declared.counts, since_us)
                stale: list[str] = []
                if window.all is not None:
                    kept = {node + _suffix(account.value) for account in window.all}
                    mine = [each for each in await pipe.hkeys(key) if _node_of(each) == node]
                    stale = [each for each in mine if each not in kept]
                pipe.multi()
                if stale:
                    pipe.hdel(key, *stale)
                if parts:
                    fields = {node + _suffix(of.value): _json(part) for of, part in parts.items()}
                    pipe.hset(key, mapping=fields)
                    if window.end_us is not None:
                        pipe.pexpireat(key, window.end_us // 1000 + _KEPT_MS)
                if declared != former:
                    pipe.hset(self._declared(budget), node, _json(declared))
                try:
                    await pipe.execute()
                except WatchError:
                    continue
            return
        raise PotLostError("the shared store is too busy")

    async def look(self) -> Sight:
        """Say that this node is there, and see who waits for what."""
        await self._client.eval(_SEEN, 1, self._key("seen"), self.memory.id)
        seen = await self._look(self._client, None)
        version = int(await self._client.get(f"{_PREFIX}:version") or 0)
        waiting = _ahead(seen.queue, self.memory.id, seen.reached)
        wanted = frozenset(account for account, ahead in waiting.items() if ahead)
        known = {node: each.name for node, each in seen.nodes.items() if not each.gone}
        self.memory = Memory(self.memory.id, self._epoch, known)
        return Sight(wanted, seen.nodes, seen.reached, version)

    async def standings(self, budget: str, window_us: int) -> dict[str | None, tuple[int, int]]:
        """What all other nodes have spent, and hold beyond that, of a budget in a window."""
        raw = await self._client.hgetall(self._key("parts", None, budget, str(window_us)))
        found: dict[str | None, tuple[int, int]] = {}
        for each, text in raw.items():
            if _node_of(each) != self.memory.id:
                part, value = msgspec.json.decode(text, type=Part), _value_of(each)
                spent, held = found.get(value, (0, 0))
                found[value] = (spent + part.spent, held + part.taken - part.spent - part.spare)
        return found

    async def definitions(self) -> dict[str, str]:
        """Budgets as nodes have told of them, by id."""
        return dict(await self._client.hgetall(f"{_PREFIX}:budgets"))

    async def define(self, budgets: Mapping[str, str]) -> None:
        """Tell of budgets."""
        async with self._client.pipeline() as pipe:
            pipe.multi()
            pipe.hset(f"{_PREFIX}:budgets", mapping=dict(budgets))
            pipe.incr(f"{_PREFIX}:version")
            await pipe.execute()

    async def name_channels(self, budgets: Collection[str]) -> None:
        """Tell which budgets name channels at this node."""
        await self._client.hset(NAMING, self.memory.id, _json(sorted(budgets)))

    async def dismiss(self, node: str) -> None:
        """A node is gone for good, an operator says: nobody waits for its word any more."""
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline() as pipe:
                await pipe.watch(_EPOCH, self._key("nodes"))
                seen = await self._look(pipe, None)
                gone = Member(seen.nodes[node].name, gone=True)
                pipe.multi()
                pipe.hset(self._key("nodes"), node, _json(gone))
                try:
                    await pipe.execute()
                except WatchError:
                    continue
            known = {each: name for each, name in self.memory.nodes.items() if each != node}
            self.memory = Memory(self.memory.id, self.memory.epoch, known)
            await self._forget_waiting(node)
            await self._client.hdel(NAMING, node)
            return
        raise PotLostError("the shared store is too busy")

    # Inside.

    async def _look(self, through: Any, account: Account | None) -> _Seen:
        budget = "" if account is None else account.budget
        parts = self._key("parts") if account is None else self._parts(account)
        keys = [
            *(_EPOCH, self._key("nodes"), self._declared(budget), parts),
            *(self._key("queue"), self._key("seen")),
        ]
        suffix = _suffix(None if account is None else account.value)
        raw = await through.eval(_READ, len(keys), *keys, suffix, _REACHED_S)
        epoch, nodes, declared, parts_of, queue, reached = raw
        members = {node: _member(text) for node, text in _pairs(nodes)}
        own = members.get(self.memory.id)
        if epoch != self._epoch:
            raise PotLostError("the shared store has lost what it knew")
        if own is None or own.session != self._session:
            raise PotLostError("another process has taken this node's place in the shared store")
        return _Seen(
            members,
            {node: msgspec.json.decode(text, type=Declared) for node, text in _pairs(declared)},
            {node: msgspec.json.decode(text, type=Part) for node, text in _pairs(parts_of)},
            {waiting: int(order) for waiting, order in _pairs(queue)},
            frozenset(reached),
        )

    async def _forget_waiting(self, node: str) -> None:
        waiting = await self._client.hkeys(self._key("queue"))
        mine = [each for each in waiting if each.partition(" ")[0] == node]
        if mine:
            await self._client.hdel(self._key("queue"), *mine)

    def _key(self, what: str, epoch: str | None = None, *more: str) -> str:
        return ":".join((_PREFIX, epoch or self._epoch, what, *more))

    def _parts(self, account: Account) -> str:
        return self._key("parts", None, account.budget, str(account.window_us))

    def _declared(self, budget: str) -> str:
        return self._key("declared", None, budget)


class Window(NamedTuple):
    """A window of a budget, and the accounts that this node has in it, where all are told."""

    start_us: int
    end_us: int | None
    all: frozenset[Account] | None = None


def _suffix(value: str | None) -> str:
    return ":" if value is None else f":={value}"


def _node_of(field: str) -> str:
    return field.partition(":")[0]


def _value_of(field: str) -> str | None:
    value = field.partition(":")[2]
    return value[1:] if value else None


def _ahead(queue: Mapping[str, int], node: str, reached: frozenset[str]) -> dict[Account, bool]:
    """Accounts that anybody waits for, and whether another node has for longer than this one."""
    first: dict[Account, tuple[int, str]] = {}
    for waiting, order in queue.items():
        who, _, text = waiting.partition(" ")
        account = msgspec.json.decode(text, type=Account)
        if who in reached or who == node:
            first[account] = min(first.get(account, (order, who)), (order, who))
    return {account: who != node for account, (_, who) in first.items()}


def _pairs(flat: list[str]) -> list[tuple[str, str]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _member(text: str) -> Member:
    return msgspec.json.decode(text, type=Member)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _why(error: BaseException) -> str:
    return type(error).__name__
