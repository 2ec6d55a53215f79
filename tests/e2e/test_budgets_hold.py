"""Budgets that block, between real processes: parallel calls, several workers, `kill -9`."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import httpx
import pytest
from cent_calls import (
    DECLARED,
    HTTP_TOO_MANY,
    PATH,
    UNDECLARED,
    budget,
    request,
    spent_in_the_end,
    status,
    statuses,
)
from family import children, kill
from one_cent import OneCent
from processes import PATIENCE_S, Bridge, wait_until
from raw_exchange import eventually, exchange

Serve = Callable[..., Bridge]
NEVER_S = 3600.0
REFILL_S = 2.0  # of one request, where thirty may be made in a minute


@pytest.fixture
def cents() -> Iterator[OneCent]:
    """An upstream whose every answer costs one cent."""
    with OneCent() as upstream:
        yield upstream


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("body", [UNDECLARED, DECLARED], ids=["undeclared", "declared"])
def test_fifty_parallel_cents_on_ten_are_exactly_ten(
    serve: Serve, cents: OneCent, workers: str, body: bytes
) -> None:
    """B1, B6: on one worker or two, whether clients declare a maximum or not."""
    bridge = serve("--workers", workers, upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "0.10")
    before = cents.answered
    seen = statuses(bridge, [request(token, body)] * 50)
    assert seen == {200: 10, 429: 40}
    assert cents.answered - before == 10
    assert spent_in_the_end(bridge, made, 10) == Decimal("0.10")


def test_five_hundred_parallel_calls_never_pass_a_strict_budget(
    serve: Serve, cents: OneCent
) -> None:
    """B4, B6: what fits passes, in any order, and money that is held is waited for."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "1.00", "--hold", "bound")
    before = cents.answered
    seen = statuses(bridge, [request(token, DECLARED)] * 500)
    passed = seen[200]
    assert passed + seen[429] == 500
    assert cents.answered - before == passed
    # The bound of each is a little more than the cent that it costs.
    assert 99 <= passed <= 100
    assert spent_in_the_end(bridge, made, passed) == Decimal(passed) / 100


def test_every_value_has_its_own_budget_from_its_first_call(serve: Serve, cents: OneCent) -> None:
    """B2, B9: and the whole company's holds over all of them."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    budget(bridge, "0.03", "--per", "agent", name="agents")
    budget(bridge, "0.10", name="company")
    calls = [request(token, DECLARED, f"agent-{n % 5}") for n in range(50)]
    assert statuses(bridge, calls)[200] == 10
    rows = bridge.wait_for_rows(10, outcome="ok", operation="generateContent")
    assert max(Counter(row["agent"] for row in rows).values()) <= 3


def test_a_killed_control_process_neither_forgets_nor_lends_twice(
    serve: Serve, cents: OneCent
) -> None:
    """B7: calls go on meanwhile with what workers have in hand."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "0.50")
    before = cents.answered
    assert statuses(bridge, [request(token, DECLARED)] * 20) == {200: 20}
    kill(children(bridge.process.pid)["control"])
    seen = statuses(bridge, [request(token, DECLARED)] * 60)
    assert seen[200] + seen[429] == 60
    _drain(bridge, token)
    assert cents.answered - before == 50
    assert spent_in_the_end(bridge, made, 50) == Decimal("0.50")


def test_killed_workers_take_no_money_along_and_bring_none(serve: Serve, cents: OneCent) -> None:
    """B7: what they held comes back once their rows are in the ledger; nothing is passed."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "0.30")
    calls = [request(token, DECLARED)] * 10
    assert statuses(bridge, calls) == {200: 10}
    _kill_in_the_middle(bridge, cents, calls)
    _drain(bridge, token)
    bridge.wait_for_rows(10, operation="generateContent", outcome="interrupted")
    rows = bridge.wait_for_rows(30, operation="generateContent", outcome="ok")
    assert sum(Decimal(row["list_cost"]) for row in rows) == Decimal("0.30")
    assert Decimal(status(bridge, made)["spent"]) == Decimal("0.30")


def _kill_in_the_middle(bridge: Bridge, cents: OneCent, calls: list[bytes]) -> None:
    """Both workers die while the upstream has been asked by all calls, and has answered none."""
    port = urlsplit(bridge.url).port
    assert port is not None
    answers_after_s, cents.delay_s = cents.delay_s, NEVER_S
    asked = cents.asked + len(calls)

    async def run() -> None:
        under_way = [asyncio.create_task(exchange(port, call)) for call in calls]
        await eventually(lambda: cents.asked == asked)
        for name, pid in children(bridge.process.pid).items():
            if name.startswith("worker"):
                kill(pid)
        await asyncio.gather(*under_way, return_exceptions=True)

    asyncio.run(run())
    cents.delay_s = answers_after_s


def _drain(bridge: Bridge, token: str) -> None:
    """Call until the budget is spent: what is left after whatever happened can be spent."""

    def is_spent() -> bool:
        seen = statuses(bridge, [request(token, DECLARED)] * 4)
        return seen[429] == 4 and "held_usd" in _refusal(bridge, token)

    wait_until(is_spent, PATIENCE_S, "the budget is never spent")


def _refusal(bridge: Bridge, token: str) -> dict[str, str]:
    answer = httpx.post(
        bridge.url + PATH,
        content=DECLARED,
        headers={"X-Weighbridge-Key": token, "X-Agent": "a"},
        timeout=30,
    )
    if answer.status_code != HTTP_TOO_MANY:
        return {}
    told: dict[str, str] = answer.json()["error"]["details"][0]["metadata"]
    return told if Decimal(told.get("held_usd", 1)) < Decimal("0.001") else {}


def test_a_restart_neither_forgets_nor_counts_twice(serve: Serve, cents: OneCent) -> None:
    """B7: spend is the ledger's sum, whoever asks."""
    bridge = serve(upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "0.20")
    assert statuses(bridge, [request(token, DECLARED)] * 12) == {200: 12}
    bridge.process.send(signal.SIGTERM)
    assert bridge.process.wait() == 0
    again = serve(upstream_url=cents.url)
    assert statuses(again, [request(token, DECLARED)] * 20) == {200: 8, 429: 12}
    assert spent_in_the_end(again, made, 20) == Decimal("0.20")


def test_a_change_of_a_budget_is_in_force_when_its_command_ends(
    serve: Serve, cents: OneCent
) -> None:
    """A higher limit, and none at all."""
    bridge = serve(upstream_url=cents.url)
    token = bridge.token("t")["token"]
    made = budget(bridge, "0.02")
    assert statuses(bridge, [request(token, DECLARED)] * 5) == {200: 2, 429: 3}
    bridge.command("budget", "set", made, "--limit", "0.05")
    assert statuses(bridge, [request(token, DECLARED)] * 5) == {200: 3, 429: 2}
    bridge.command("budget", "remove", made)
    assert statuses(bridge, [request(token, DECLARED)] * 5) == {200: 5}


def test_two_workers_let_no_more_pass_than_a_rate_limit(serve: Serve, cents: OneCent) -> None:
    """A minute's worth at once, and then as the bucket fills."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    bridge.command("limit", "set", "--name", "pace", "--requests", "30", "--per", "agent")
    began_s = time.monotonic()
    seen = statuses(bridge, [request(token, DECLARED)] * 60)
    refilled = (time.monotonic() - began_s) / REFILL_S
    assert 30 <= seen[200] <= 30 + refilled, f"{refilled:.1f} more came while they ran"
    assert seen[200] + seen[429] == 60
    assert statuses(bridge, [request(token, DECLARED, "b")] * 5) == {200: 5}
