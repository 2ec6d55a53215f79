"""Rate limits: requests and tokens a minute, over the same leases as money."""

from typing import Any

from cents import ONE_CENT, UNDECLARED, asking, refusal, run, settle
from memory_bank import MemoryBank, budget
from memory_wire import MemoryWire
from messages import answer, post

from weighbridge.budgets.rate_limit import RateLimit

SECOND_US = 1_000_000


def limit(**given: Any) -> RateLimit:
    return RateLimit(**{"id": "lim_1", "name": "pace", "requests_per_minute": 60, **given})


def calls(wire: MemoryWire, count: int, **headers: str) -> list[Any]:
    """So many calls at once, and what their clients got."""
    extra = b"".join(f"X-{name}: {value}\r\n".encode() for name, value in headers.items())
    clients = [wire.client() for _ in range(count)]
    for client in clients:
        client.deliver(post(UNDECLARED, extra))
    run(wire)
    return clients


def passed(clients: list[Any]) -> int:
    return sum(bytes(client.sent).startswith(b"HTTP/1.1 200") for client in clients)


def test_a_minute_s_worth_passes_at_once_and_the_next_is_told_when() -> None:
    """`Retry-After` is when the next permit comes."""
    bank = MemoryBank(limits=[limit()])
    with MemoryWire(bank=bank) as wire:
        clients = calls(wire, 70)
        assert passed(clients) == 60
        headers, error = refusal(clients[-1])
        assert headers["X-Weighbridge-Error"] == "RATE_LIMITED"
        assert headers["Retry-After"] == "1"
        assert error["code"] == 429
        told = error["details"][0]["metadata"]
        assert (told["rate_limit"], told["counts"], told["per_minute"]) == (
            "pace",
            "requests",
            "60",
        )
        bank.now_us += 5 * SECOND_US
        assert passed(calls(wire, 10)) == 5


def test_every_value_has_its_own_bucket() -> None:
    """Also one that was never seen before."""
    bank = MemoryBank(limits=[limit(per="agent", requests_per_minute=3)])
    with MemoryWire(bank=bank) as wire:
        assert passed(calls(wire, 5, Agent="a")) == 3
        clients = calls(wire, 5, Agent="b")
        assert passed(clients) == 3
        assert "agent=b" in refusal(clients[-1])[1]["message"]


def test_two_workers_share_one_limit() -> None:
    """What one does not need, the other gets."""
    bank = MemoryBank(limits=[limit(requests_per_minute=10)])
    with MemoryWire(bank=bank) as one, MemoryWire(bank=bank, worker=1) as two:
        clients = calls(one, 4)
        for _ in range(3):
            clients += calls(two, 8) + calls(one, 8)
        for _ in range(4):
            run(one)
            run(two)
        assert passed(clients) == 10


def test_tokens_are_those_of_the_row() -> None:
    """Each is 4,022 tokens, and the next is taken for as many: a third would be too much."""
    bank = MemoryBank(limits=[limit(requests_per_minute=None, tokens_per_minute=10_000)])
    with MemoryWire(bank=bank) as wire:
        assert [passed(calls(wire, 1)) for _ in range(5)] == [1, 1, 0, 0, 0]
        clients = calls(wire, 1)
        headers, error = refusal(clients[0])
        assert error["details"][0]["metadata"]["counts"] == "tokens"
        # 2,066 tokens are missing: at 10,000 a minute.
        assert 12 <= int(headers["Retry-After"]) <= 14


def test_parallel_calls_are_taken_for_what_such_calls_came_to() -> None:
    """Also those of an agent that has made none yet: 12 of 4,022 tokens are within 50,000."""
    each = limit(requests_per_minute=None, tokens_per_minute=50_000, per="agent")
    with MemoryWire(bank=MemoryBank(limits=[each])) as wire:
        assert passed(calls(wire, 1, Agent="first")) == 1
        assert passed(calls(wire, 20, Agent="new")) == 12


def test_calls_that_nobody_knows_are_taken_for_short_answers() -> None:
    """An eighth of a minute's worth at most: so many can begin side by side."""
    few = limit(requests_per_minute=None, tokens_per_minute=160)
    with MemoryWire(bank=MemoryBank(limits=[few])) as wire:
        clients = [wire.client() for _ in range(8)]
        for client in clients:
            client.deliver(post(UNDECLARED))
        settle(wire)
        assert len(asking(wire)) == 5  # of 11 tokens for the prompt and 20 for the answer
        run(wire)


def test_a_call_needs_room_in_budgets_and_limits_alike() -> None:
    """A refusal by one takes nothing of the other."""
    bank = MemoryBank(budget("0.03"), limits=[limit(requests_per_minute=100)])
    with MemoryWire(bank=bank) as wire:
        clients = calls(wire, 10)
        wire.run_out()
        assert passed(clients) == 3
        assert b"BUDGET_EXHAUSTED" in clients[-1].sent
        assert wire.holds is not None
        (purse,) = bank.purses
        pockets = [purse.pocket(account) for account in purse._pockets]
        assert all(pocket.held == 0 for pocket in pockets)


def test_what_costs_nothing_is_a_request_all_the_same() -> None:
    """Google counts it too."""
    bank = MemoryBank(budget("0.01"), limits=[limit(requests_per_minute=2)])
    with MemoryWire(bank=bank) as wire:
        path = b"/v1beta/models/gemini-2.5-flash:countTokens"
        clients = [wire.client() for _ in range(3)]
        for client in clients:
            client.deliver(post(UNDECLARED, path=path))
        assert run(wire, answer(b"{}")) == 2
        assert b"RATE_LIMITED" in clients[-1].sent


def test_a_limit_that_binds_nobody_here_asks_nothing() -> None:
    """The call goes up at once."""
    bank = MemoryBank(limits=[limit(scope={"agent": ("x",)})])
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(UNDECLARED))
        settle(wire)
        assert len(asking(wire)) == 1
        assert run(wire, ONE_CENT) == 1
