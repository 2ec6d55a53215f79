"""Claims on alerts in a real store: one gateway sends, and the others take over where it cannot."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest
from alerts import occurrence
from redis import Redis
from redis_server import RedisServer

from weighbridge.budgets.alerts.once import Verdict
from weighbridge.control.pot_claims import PotClaims
from weighbridge.control.pot_store import NAMING
from weighbridge.core.alert import Alert, Occurrence

OURS, LATER, TOLD = Verdict.OURS, Verdict.LATER, Verdict.TOLD
NOW_US = 4_000_000_000_000_000  # ahead of the store's own clock, which drops what is over
FOUND = occurrence(
    "budget_threshold|=bud_1", budget_id="bud_1", stands_until_us=NOW_US + 3_600_000_000
)
DAY_MS = 86_400_000
Node = Callable[[str], PotClaims]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One store for these tests; it saves nothing of itself."""
    folder = tmp_path_factory.mktemp("redis")
    with RedisServer(folder, "--save", "", "--appendonly", "no") as started:
        yield started


@pytest.fixture
def store(server: RedisServer) -> Iterator[Redis]:
    """The store itself, empty."""
    with closing(Redis.from_url(server.url, decode_responses=True)) as client:
        client.flushall()
        yield client


@pytest.fixture
def node(server: RedisServer, store: Redis) -> Iterator[Node]:
    """Opens the claims of the node of an id, at a fixed instant."""
    with ExitStack() as opened:

        def of(name: str) -> PotClaims:
            made = PotClaims(server.url, name, lambda: NOW_US)
            return opened.enter_context(closing(made))

        yield of


def alert(found: Occurrence = FOUND, at_us: int = NOW_US) -> Alert:
    return Alert(id="alr_1", at_us=at_us, occurrence=found)


def test_whoever_claims_first_tells(node: Node) -> None:
    """Through each of its channels; the others leave it."""
    one, two = node("a"), node("b")
    assert [each.claim(alert()) for each in (one, two, one)] == [OURS, LATER, OURS]
    one.settle(alert(), sent=True)
    assert [each.claim(alert()) for each in (one, two, node("a"))] == [OURS, TOLD, OURS]


def test_what_nobody_can_read_keeps_no_alert_from_being_told(node: Node, store: Redis) -> None:
    """Another version's claim, or damage: told by each rather than by none."""
    one, two = node("a"), node("b")
    store.set(f"weighbridge:told:{FOUND.key}", "{")
    assert one.claim(alert()) is OURS
    store.delete(f"weighbridge:told:{FOUND.key}")
    store.hset(NAMING, "c", '{"budgets": []}')
    assert two.claim(alert()) is OURS
    two.settle(alert(), sent=True)
    store.delete(NAMING)
    assert one.claim(alert()) is TOLD


def test_what_was_not_taken_is_the_others_to_tell(node: Node) -> None:
    """And no more that of whoever tried first; what is told stays told."""
    one, two = node("a"), node("b")
    assert one.claim(alert()) is OURS
    one.settle(alert(), sent=False)
    assert [each.claim(alert()) for each in (two, one)] == [OURS, LATER]
    one.settle(alert(), sent=False)  # not its own to give back
    assert one.claim(alert()) is LATER
    two.settle(alert(), sent=True)
    two.settle(alert(), sent=False)  # another channel of the same gateway fails
    assert one.claim(alert()) is TOLD


def test_a_claim_that_is_not_made_good_ends(node: Node, store: Redis) -> None:
    """The gateway may have died; one that was sent is known for days after its window."""
    node("a").claim(alert())
    (key,) = store.keys("weighbridge:told:*")
    assert 0 < store.pttl(key) <= 60_000
    node("a").settle(alert(), sent=True)
    assert store.pexpiretime(key) == FOUND.stands_until_us // 1000 + 8 * DAY_MS
    endless = msgspec.structs.replace(FOUND, stands_until_us=10**18)
    node("a").settle(alert(endless), sent=True)
    assert store.pexpiretime(key) == NOW_US // 1000 + 400 * DAY_MS


def test_other_alerts_are_claimed_on_their_own(node: Node, store: Redis) -> None:
    """And what is about no budget is each gateway's own, and stands nowhere."""
    one, two = node("a"), node("b")
    assert one.claim(alert()) is OURS
    assert two.claim(alert(msgspec.structs.replace(FOUND, key="another"))) is OURS
    own = alert(occurrence("journal_lag"))
    assert [each.claim(own) for each in (one, two)] == [OURS, OURS]
    one.settle(own, sent=True)
    assert len(store.keys("weighbridge:told:*")) == 2


def test_a_gateway_whose_budget_names_channels_goes_first(node: Node, store: Redis) -> None:
    """For seconds, as the store says who names some."""
    store.hset(NAMING, "a", '["bud_1"]')
    one, two = node("a"), node("b")
    assert [each.claim(alert()) for each in (two, one)] == [LATER, OURS]
    late = alert(msgspec.structs.replace(FOUND, key="late"), NOW_US - 5_000_000)
    assert two.claim(late) is OURS


def test_without_the_store_each_tells(node: Node, tmp_path: Path) -> None:
    """One that comes twice is better than none."""
    with RedisServer(tmp_path, "--save", "") as away, closing(PotClaims(away.url, "a")) as one:
        assert one.claim(alert()) is OURS
        away.kill()
        for _ in range(2):
            assert one.claim(alert()) is OURS
            one.settle(alert(), sent=True)
        away.start()
        assert one.claim(alert()) is OURS
