"""Two gateways, two ledgers, one budget: over a store between them, and through its losses (B6)."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cent_calls import DECLARED, UNDECLARED, budget, request, status
from family import children, kill
from one_cent import OneCent
from processes import PATIENCE_S, Bridge, wait_until
from raw_exchange import exchange
from receiver import webhook
from redis_server import RedisServer

Start = Callable[..., Bridge]


@pytest.fixture
def cents() -> Iterator[OneCent]:
    """An upstream whose every answer costs one cent."""
    with OneCent() as upstream:
        yield upstream


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """The store between the gateways; what it knows is gone when it starts anew."""
    with RedisServer(tmp_path, "--save", "", "--appendonly", "no") as server:
        yield server


@pytest.fixture
def start(tmp_path: Path, store: RedisServer, cents: OneCent) -> Iterator[Start]:
    """Starts the gateway of a name, with a data folder of its own."""
    with ExitStack() as served:

        def serve(name: str, wait_s: int = 15) -> Bridge:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            config = folder / "weighbridge.toml"
            budgets = f'[budgets]\nshared = "{store.url}"\nwait_s = {wait_s}\n'
            config.write_text(f'[gateway]\nnode = "{name}"\n{budgets}')
            return served.enter_context(Bridge(folder, cents.url, "--config", str(config)))

        yield serve


class Pair:
    """Two gateways with a token each, and a budget that was made at the first."""

    def __init__(self, start: Start, limit: str, wait_s: int = 15) -> None:
        self.bridges = [start("a", wait_s), start("b", wait_s)]
        self.budget = budget(self.bridges[0], limit)
        path = f"/api/v1/budgets/{self.budget}"
        wait_until(
            lambda: self.bridges[1].admin.get(path).status_code == 200, 5, "it is not shared"
        )
        # Once its token is in force, what was published before it is.
        self.tokens = [bridge.token("t")["token"] for bridge in self.bridges]

    def calls(self, count: int, body: bytes = DECLARED, at: tuple[int, ...] = (0, 1)) -> Counter:
        """So many calls at each of these, all at once; what their clients saw."""
        return asyncio.run(self._calls(count, body, at))

    async def _calls(self, count: int, body: bytes, at: tuple[int, ...]) -> Counter:
        async def one(number: int) -> int:
            port = urlsplit(self.bridges[number].url).port
            assert port is not None
            try:
                call = request(self.tokens[number], body)
                return (await exchange(port, call, silent_after_s=30)).status
            except OSError:
                return 0

        return Counter(await asyncio.gather(*(one(number) for number in at for _ in range(count))))

    def rows(self) -> Decimal:
        """What both ledgers have."""
        return sum(
            (
                Decimal(row["list_cost"] or 0)
                for bridge in self.bridges
                for row in bridge.rows(operation="generateContent", outcome="ok")
            ),
            Decimal(0),
        )

    def spend_all(self, cents: OneCent, total: int) -> None:
        """Call until so many answers went out in all: what is left can be spent."""

        def is_spent() -> bool:
            self.calls(2)
            return cents.answered >= total

        wait_until(is_spent, PATIENCE_S, lambda: f"only {cents.answered} of {total} were admitted")


@pytest.mark.parametrize("body", [UNDECLARED, DECLARED], ids=["undeclared", "declared"])
def test_fifty_parallel_cents_over_two_gateways_on_ten_are_exactly_ten(
    start: Start, cents: OneCent, body: bytes
) -> None:
    """B1, B6: whichever gateway they come to, and whichever made the budget."""
    pair = Pair(start, "0.10")
    before = cents.answered
    assert pair.calls(25, body) == {200: 10, 429: 40}
    assert cents.answered - before == 10
    wait_until(lambda: pair.rows() == Decimal("0.10"), PATIENCE_S, "rows are missing")
    for bridge in pair.bridges:
        wait_until(
            lambda at=bridge: Decimal(status(at, pair.budget)["spent"]) == Decimal("0.10"),
            PATIENCE_S,
            lambda at=bridge: f"{status(at, pair.budget)}",
        )


def test_three_hundred_parallel_calls_over_two_gateways_are_exactly_ten(
    start: Start, cents: OneCent
) -> None:
    """B6: the more there are, the more the two want the last cent."""
    pair = Pair(start, "0.10")
    before = cents.answered
    assert pair.calls(150) == {200: 10, 429: 290}
    assert cents.answered - before == 10


def test_a_killed_control_process_takes_nothing_from_the_other_gateway(
    start: Start, cents: OneCent
) -> None:
    """B7 over two nodes: no cent more, and none lost for good."""
    pair = Pair(start, "0.40")
    before = cents.answered
    assert pair.calls(8) == {200: 16}
    kill(children(pair.bridges[0].process.pid)["control"])
    pair.calls(6)
    pair.spend_all(cents, before + 40)
    pair.calls(4)
    assert cents.answered - before == 40


def test_a_store_that_forgets_everything_lets_nothing_be_spent_twice(
    start: Start, cents: OneCent, store: RedisServer
) -> None:
    """Killed and empty: every gateway says again what it spent before anything is granted."""
    pair = Pair(start, "0.40")
    before = cents.answered
    assert pair.calls(8) == {200: 16}
    store.kill()
    pair.calls(4)  # what is in reserve may pass
    store.start()
    pair.calls(4)
    pair.spend_all(cents, before + 40)
    pair.calls(4)
    assert cents.answered - before == 40


def test_without_the_store_a_call_beyond_the_reserve_is_refused_by_name(
    start: Start, cents: OneCent, store: RedisServer
) -> None:
    """It cannot be checked, and so it does not pass; a budget that only alerts lets it."""
    pair = Pair(start, "0.04", wait_s=1)
    assert pair.calls(2, at=(0,)) == {200: 2}
    store.kill()
    before = cents.answered
    seen = pair.calls(6)
    assert cents.answered - before == seen[200] <= 2
    assert seen[429] >= 4
    rows = pair.bridges[1].rows(outcome="refused")
    assert {row["error_type"] for row in rows} <= {"BUDGET_EXHAUSTED"}


def test_a_gateway_that_is_gone_keeps_what_it_took_and_no_more(
    start: Start, cents: OneCent
) -> None:
    """`kill -9` of all of a node: the other goes on with the rest; afterwards all can be spent."""
    pair = Pair(start, "0.40")
    before = cents.answered
    assert pair.calls(8) == {200: 16}
    # A row that is not written yet would come back as one that was cut, at no cost.
    pair.bridges[1].wait_for_rows(8, outcome="ok", operation="generateContent")
    family = children(pair.bridges[1].process.pid)
    pair.bridges[1].process.send(signal.SIGKILL)
    for pid in family.values():
        kill(pid)
    pair.calls(10, at=(0,))
    assert cents.answered - before <= 40
    pair.bridges[1] = start("b")
    pair.spend_all(cents, before + 40)
    pair.calls(4)
    assert cents.answered - before == 40


def told(bridge: Bridge, budget_id: str) -> list[str]:
    """How the messages of a budget fared at a gateway."""
    asked = {"budget_id": budget_id, "limit": "100"}
    alerts = bridge.admin.get("/api/v1/alerts/history", params=asked).json()["alerts"]
    return [each["state"] for alert in alerts for each in alert["deliveries"]]


def test_a_threshold_is_told_once_over_two_gateways(start: Start, cents: OneCent) -> None:
    """B10: both have a channel, and spent three cents of ten each; one tells that it is half."""
    with webhook() as hook:
        pair = Pair(start, "0.10")
        for bridge in pair.bridges:
            bridge.command("channel", "add", "--name", "ops", "--url", hook.url)
        pair.bridges[0].command("budget", "set", pair.budget, "--thresholds", "50")
        assert pair.calls(3) == {200: 6}
        assert hook.next()["title"] == "Budget “all” has reached 50 %"
        states = [["elsewhere"], ["sent"]]
        wait_until(
            lambda: sorted(told(bridge, pair.budget) for bridge in pair.bridges) == states,
            PATIENCE_S,
            lambda: f"{[told(bridge, pair.budget) for bridge in pair.bridges]}",
        )
    assert hook.got.empty()


def test_the_gateway_with_the_channel_tells_what_the_other_spent(
    start: Start, cents: OneCent
) -> None:
    """B10: who has none claims nothing."""
    with webhook() as hook:
        pair = Pair(start, "0.10")
        pair.bridges[1].command("channel", "add", "--name", "ops", "--url", hook.url)
        pair.bridges[0].command("budget", "set", pair.budget, "--thresholds", "50")
        assert pair.calls(6, at=(0,)) == {200: 6}
        assert hook.next()["title"] == "Budget “all” has reached 50 %"
        wait_until(
            lambda: told(pair.bridges[1], pair.budget) == ["sent"], PATIENCE_S, "not written down"
        )
        assert told(pair.bridges[0], pair.budget) == []
    assert hook.got.empty()


def test_without_the_store_each_gateway_tells(
    start: Start, cents: OneCent, store: RedisServer
) -> None:
    """One alert that comes twice is better than none."""
    with webhook() as hook:
        pair = Pair(start, "100")
        for bridge in pair.bridges:
            bridge.command("channel", "add", "--name", "ops", "--url", hook.url)
        tells = ("--action", "alert", "--thresholds", "50")
        pair.bridges[0].command("budget", "set", pair.budget, "--limit", "0.10", *tells)
        wait_until(
            lambda: status(pair.bridges[1], pair.budget)["limit"] == "0.10", 5, "it is not shared"
        )
        store.kill()
        assert pair.calls(6) == {200: 12}
        titles = {hook.next()["title"] for _ in pair.bridges}
        assert titles == {"Budget “all” has reached 50 %"}
    assert hook.got.empty()
