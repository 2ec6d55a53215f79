"""Calls under budgets that block: what passes, what waits, what is refused, and how it ends."""

import pytest
from cents import DECLARED, ONE_CENT, UNDECLARED, asking, refusal, run, settle
from http_reader import requests_in
from memory_bank import MemoryBank, budget
from memory_wire import MemoryWire
from messages import answer, post

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.core.money import PICO_USD_PER_USD

CENT = PICO_USD_PER_USD // 100
ALL = Account("bud_1", None, 0)


@pytest.mark.parametrize("body", [UNDECLARED, DECLARED], ids=["undeclared", "declared"])
@pytest.mark.parametrize("known", [False, True], ids=["first", "planned"])
def test_fifty_calls_of_one_cent_on_ten_cents_are_ten(body: bytes, *, known: bool) -> None:
    """B1: exactly ten, whether the client declares a maximum or not, and no cent more."""
    bank = MemoryBank(budget("0.10"))
    with MemoryWire(bank=bank) as wire:
        if known:  # the same heads once more, as plans
            wire.gate.holds = None
            first = wire.client()
            first.deliver(post(body))
            run(wire)
            wire.gate.holds = wire.holds
            wire.gate.plans.forget()
        clients = [wire.client() for _ in range(50)]
        for client in clients:
            client.deliver(post(body))
        assert run(wire) == 10
        wire.run_out()
        assert run(wire) == 0
        statuses = [bytes(client.sent)[9:12] for client in clients]
        assert (statuses.count(b"200"), statuses.count(b"429")) == (10, 40)
        wire.holds.tick()
        assert bank.left(ALL) == 0


def test_two_workers_share_one_budget() -> None:
    """B6: what one has and does not need, the other gets."""
    bank = MemoryBank(budget("0.10"))
    with MemoryWire(bank=bank) as one, MemoryWire(bank=bank, worker=1) as two:
        for wire in (one, two):
            for _ in range(25):
                wire.client().deliver(post(UNDECLARED))
        passed = 0
        for _ in range(40):
            passed += run(one) + run(two)
        for wire in (one, two):
            wire.run_out()
        assert passed == 10
        assert bank.left(ALL) == 0


def test_a_worker_that_only_waits_learns_that_nothing_is_left() -> None:
    """Its calls are refused as soon as the ledger has all, not when their time is over."""
    bank = MemoryBank(budget("0.10"))
    with MemoryWire(bank=bank) as one, MemoryWire(bank=bank, worker=1) as two:
        for _ in range(10):
            one.client().deliver(post(DECLARED))
        settle(one)
        late = two.client()
        late.deliver(post(UNDECLARED))
        settle(two)
        assert run(one) == 10
        bank.spend(ALL, 10 * CENT)
        for wire in (two, one, two):
            assert wire.holds is not None
            wire.holds.tick()
            settle(wire)
        assert b"BUDGET_EXHAUSTED" in late.sent


def test_a_refusal_names_the_budget_and_its_figures() -> None:
    """B9: name, limit, spent, held, needed and when it begins anew; `Retry-After` is until then."""
    month = budget("0.10", period="month", per="agent", name="agents")
    bank = MemoryBank(month, spent=10 * CENT)
    with MemoryWire(bank=bank) as wire:
        me = wire.client()
        me.deliver(post(DECLARED, b"X-Agent: writer\r\n"))
        assert run(wire) == 0
        headers, error = refusal(me)
        assert headers["X-Weighbridge-Error"] == "BUDGET_EXHAUSTED"
        assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
        told = error["details"][0]["metadata"]
        assert told["budget"] == "agents"
        assert told["value"] == "writer"
        assert (told["limit_usd"], told["spent_usd"], told["held_usd"]) == ("0.10", "0.10", "0.00")
        assert told["resets_at"].endswith("T00:00:00.000000Z")
        for part in ('"agents" for agent=writer', "0.10 USD", told["resets_at"]):
            assert part in error["message"]
        assert 0 < int(headers["Retry-After"]) <= 31 * 86_400
        (row,) = wire.rows()
        assert (row.outcome, row.error_type, row.status) == ("refused", "BUDGET_EXHAUSTED", 429)


def test_a_budget_that_never_resets_names_no_time() -> None:
    """Waiting would not help."""
    with MemoryWire(bank=MemoryBank(budget(), spent=10 * CENT)) as wire:
        me = wire.client()
        me.deliver(post(DECLARED))
        run(wire)
        headers, error = refusal(me)
        assert "Retry-After" not in headers
        assert "never resets" in error["message"]


def test_a_call_that_the_whole_budget_is_too_little_for_is_not_told_to_wait() -> None:
    """Undeclared, a strict hold is 65,536 tokens of answer: no window of ten cents has that."""
    with MemoryWire(bank=MemoryBank(budget(period="day", hold="bound"))) as wire:
        me = wire.client()
        me.deliver(post(UNDECLARED))
        run(wire)
        headers, error = refusal(me)
        assert "Retry-After" not in headers
        assert "declare a smaller maximum" in error["message"]


def test_what_is_refused_for_good_is_what_people_hear_of() -> None:
    """With the least that would have done; neither money that is held nor a call beyond all."""
    spent = 95 * CENT // 10
    with MemoryWire(bank=(bank := MemoryBank(budget(hold="bound"), spent=spent))) as wire:
        for body, heard in ((UNDECLARED, False), (DECLARED, True)):
            wire.client().deliver(post(body))
            assert run(wire) == 0
            refused = bank.purses[0].pocket(ALL).refused
            assert (refused is not None) == heard
        assert refused is not None
        assert refused.limit == 10 * CENT
        assert CENT <= refused.needed < 2 * CENT
    with MemoryWire(bank=(bank := MemoryBank(budget("0.015")))) as wire:
        for _ in range(2):
            wire.client().deliver(post(DECLARED))
            wire.settle()
        wire.run_out()
        assert run(wire) == 1, "the other was refused for what this one held"
        assert bank.purses[0].pocket(ALL).refused is None


def test_of_many_budgets_the_one_that_said_no_is_named() -> None:
    """B9: every ancestor is checked."""
    company = budget("100", id="bud_2", name="company")
    agents = budget("0.005", per="agent", name="agents")
    with MemoryWire(bank=MemoryBank(company, agents)) as wire:
        me = wire.client()
        me.deliver(post(DECLARED, b"X-Agent: a\r\n"))
        wire.settle()
        wire.run_out()
        assert run(wire) == 1, "what no history says is let pass with what there is"
        again = wire.client()
        again.deliver(post(DECLARED, b"X-Agent: a\r\n"))
        assert run(wire) == 0
        assert refusal(again)[1]["details"][0]["metadata"]["budget"] == "agents"
        other = wire.client()
        other.deliver(post(DECLARED, b"X-Agent: b\r\n"))
        assert run(wire) == 1, "B2: a value never seen before has its own"


def test_a_call_waits_for_what_others_hold_and_then_passes() -> None:
    """The loop goes on meanwhile, and so do calls that no budget binds."""
    agents = budget("0.10", scope={"agent": ("a",)})
    with MemoryWire(bank=MemoryBank(agents)) as wire:
        first, second, free = wire.client(), wire.client(), wire.client()
        first.deliver(post(UNDECLARED, b"X-Agent: a\r\n"))
        wire.settle()
        second.deliver(post(UNDECLARED, b"X-Agent: a\r\n"))
        free.deliver(post(UNDECLARED, b"X-Agent: b\r\n"))
        wire.settle()
        assert len(asking(wire)) == 2
        assert run(wire) == 3
        assert second.sent.startswith(b"HTTP/1.1 200")


def test_a_call_that_waited_in_vain_is_told_who_holds_what_it_needs() -> None:
    """B4: it may try again soon."""
    with MemoryWire(bank=MemoryBank(budget("0.015"))) as wire:
        first, second = wire.client(), wire.client()
        first.deliver(post(DECLARED))
        wire.settle()
        second.deliver(post(DECLARED))
        wire.settle()
        assert not second.sent
        wire.run_out()
        headers, error = refusal(second)
        told = error["details"][0]["metadata"]
        assert told["spent_usd"] == "0.00"
        assert float(told["held_usd"]) > 0.01
        assert headers["Retry-After"] == "2"
        assert run(wire) == 1


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ([], True),
        ([budget("1.00", id="bud_2")], True),
        ([budget("1.00", per="agent")], True),
        ([budget("0.10"), budget("0.001", id="bud_2", hold="bound")], False),
    ],
    ids=["removed", "another", "per-value", "too-little"],
)
def test_a_call_that_waits_waits_by_the_budgets_that_are_in_force(
    changed: list[Budget], *, passes: bool
) -> None:
    """B7: what is changed while it waits holds for it at once, not when its time is over."""
    bank = MemoryBank(budget("0.011"))
    with MemoryWire(bank=bank) as wire:
        assert wire.holds is not None
        first, second = wire.client(), wire.client()
        first.deliver(post(DECLARED, b"X-Agent: a\r\n"))
        settle(wire)
        second.deliver(post(DECLARED, b"X-Agent: a\r\n"))
        settle(wire)
        assert not second.sent
        bank.change(*changed)
        wire.holds.apply(changed)
        settle(wire)
        assert len(asking(wire)) == (2 if passes else 1)
        run(wire)
        wire.run_out()
        assert second.sent.startswith(b"HTTP/1.1 200" if passes else b"HTTP/1.1 429")


def test_a_client_that_leaves_while_it_waits_takes_nothing_along() -> None:
    """Its row says so, and the next call finds the money."""
    with MemoryWire(bank=MemoryBank(budget("0.011"))) as wire:
        first, second, third = (wire.client() for _ in range(3))
        first.deliver(post(DECLARED))
        wire.settle()
        second.deliver(post(DECLARED))
        wire.settle()
        second.peer_closes()
        third.deliver(post(DECLARED))
        asking(wire)[0].deliver(answer(b"{}").replace(b"200 OK", b"500 Oh"))
        assert run(wire) == 1
        assert third.sent.startswith(b"HTTP/1.1 200")
        assert [row.outcome for row in wire.rows()] == ["client_closed", "upstream_error", "ok"]


@pytest.mark.parametrize("end", ["refused", "lost", "leaves", "error"])
def test_every_end_lets_go_of_what_was_held(end: str) -> None:
    """A call that cost nothing leaves all of it."""
    bank = MemoryBank(budget("0.10"))
    with MemoryWire(bank=bank, on_client_disconnect="cancel") as wire:
        me = wire.client()
        if end == "refused":
            wire.loop.reachable = False
        me.deliver(post(DECLARED))
        wire.settle()
        if end == "lost":
            asking(wire)[0].peer_closes()
        elif end == "leaves":
            me.peer_closes()
        elif end == "error":
            asking(wire)[0].deliver(answer(b"{}").replace(b"200 OK", b"400 Bad"))
        wire.settle()
        (purse,) = bank.purses
        pocket = purse.pocket(ALL)
        assert (pocket.held, pocket.settled) == (0, 0)


def test_what_a_call_came_to_is_what_its_row_says() -> None:
    """Also where it costs more than it held."""
    bank = MemoryBank(budget("0.001"))
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(UNDECLARED))
        assert run(wire) == 1
        (purse,) = bank.purses
        assert purse.pocket(ALL).settled == CENT
        assert wire.rows()[0].list_cost == "0.010000000000"


def test_cheap_calls_before_do_not_let_dear_ones_pass_the_limit() -> None:
    """B1: what a request declares is set aside; only the last one takes less, what is left."""
    cheap = ONE_CENT.replace(b":3997", b":40  ").replace(b":4022", b":65  ")
    bank = MemoryBank(budget("0.10"))
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(DECLARED))
        assert run(wire, cheap) == 1
        for _ in range(50):
            wire.client().deliver(post(DECLARED))
        assert run(wire) == 10
        assert bank.purses[0].pocket(ALL).settled == 10 * CENT + 107_500_000


def test_a_strict_budget_never_passes_what_might_not_fit() -> None:
    """`hold = "bound"`: 65,536 tokens at 2.50 USD per million are more than ten cents."""
    with MemoryWire(bank=MemoryBank(budget("0.10", hold="bound"))) as wire:
        undeclared, declared = wire.client(), wire.client()
        undeclared.deliver(post(UNDECLARED))
        declared.deliver(post(DECLARED))
        assert run(wire) == 1
        assert undeclared.sent.startswith(b"HTTP/1.1 429")


def test_a_model_without_a_price_is_the_budget_s_to_decide() -> None:
    """B5, in the open."""
    path = b"/v1beta/models/nobody-knows:generateContent"
    for policy, passed in (("allow", 1), ("block", 0)):
        with MemoryWire(bank=MemoryBank(budget(unpriced=policy))) as wire:
            me = wire.client()
            me.deliver(post(UNDECLARED, path=path))
            assert run(wire) == passed
            if policy == "block":
                error = refusal(me)[1]
                assert "nobody-knows has none" in error["message"]
                assert error["details"][0]["metadata"]["unpriced"] == "nobody-knows"


def test_an_exhausted_budget_that_allows_what_is_unpriced_blocks_it_all_the_same() -> None:
    """Nothing is left."""
    path = b"/v1beta/models/nobody-knows:generateContent"
    with MemoryWire(bank=MemoryBank(budget(), spent=10 * CENT)) as wire:
        wire.client().deliver(post(UNDECLARED, path=path))
        assert run(wire) == 0


def test_what_costs_nothing_passes_an_exhausted_budget() -> None:
    """Counting tokens is free."""
    with MemoryWire(bank=MemoryBank(budget(), spent=10 * CENT)) as wire:
        path = b"/v1beta/models/gemini-2.5-flash:countTokens"
        wire.client().deliver(post(UNDECLARED, path=path))
        assert run(wire) == 1


def test_without_the_lender_calls_go_on_with_what_was_lent() -> None:
    """When that is spent they are refused, and told why."""
    bank = MemoryBank(budget("1.00"))
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(DECLARED))
        assert run(wire) == 1
        wire.holds.tick()
        wire.settle()
        bank.away = True
        wire.holds.disconnected()
        passed, clients = 0, []
        for _ in range(100):
            clients.append(wire.client())
            clients[-1].deliver(post(DECLARED))
            now = run(wire)
            passed += now
            if not now:
                break
        assert 1 < passed < 100
        wire.run_out()
        headers, error = refusal(clients[-1])
        assert "cannot be checked now" in error["message"]
        assert headers["Retry-After"] == "2"


def test_what_a_video_will_cost_stays_set_aside_until_it_is_paid_for() -> None:
    """Its row comes when its result is read; a hold that nobody pays expires (B4)."""
    bank = MemoryBank(budget("5.00"))
    path = b"/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
    order = b'{"instances":[{"prompt":"x"}],"parameters":{"durationSeconds":8}}'
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(order, path=path))
        assert run(wire, answer(b'{"name":"models/veo/operations/o"}')) == 1
        pocket = bank.purses[0].pocket(ALL)
        assert pocket.held == 320 * CENT, "eight seconds at 0.40 USD"
        second = wire.client()
        second.deliver(post(order, path=path))
        assert run(wire) == 0
        wire.run_out()
        assert b"BUDGET_EXHAUSTED" in second.sent
        assert pocket.held == 0


def test_a_newcomer_is_measured_by_everybody_s_calls() -> None:
    """Its first calls do not hold all that is left, where others have made such calls (B4)."""
    bank = MemoryBank(budget("1.00"))
    with MemoryWire(bank=bank) as wire:
        wire.client().deliver(post(UNDECLARED, b"X-Agent: a\r\n"))
        assert run(wire) == 1
        for _ in range(20):
            wire.client().deliver(post(UNDECLARED, b"X-Agent: b\r\n"))
        settle(wire)
        assert len(asking(wire)) == 20
        assert bank.purses[0].pocket(ALL).held == 20 * CENT


def test_labels_and_models_in_the_body_bind_calls() -> None:
    """What a budget looks at may stand there alone."""
    team = budget(scope={"label:team": ("a",)})
    body = b'{"labels":{"team":"%b"},"contents":[]}'
    path = b"/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash"
    path += b":generateContent"
    with MemoryWire(bank=MemoryBank(team, spent=10 * CENT)) as wire:
        for label, passed in ((b"a", 0), (b"b", 1)):
            wire.client().deliver(post(body % label, path=path))
            assert run(wire) == passed
    model = budget(scope={"model": ("gemini-2.5-pro",)})
    body = b'{"model":"%b","messages":[]}'
    with MemoryWire(bank=MemoryBank(model, spent=10 * CENT)) as wire:
        for name, passed in ((b"gemini-2.5-pro", 0), (b"gemini-2.5-flash", 1)):
            wire.client().deliver(post(body % name, path=b"/v1beta/openai/chat/completions"))
            assert run(wire) == passed


def test_a_body_that_comes_in_pieces_is_held_for_whole() -> None:
    """What its end declares counts."""
    bank = MemoryBank(budget("0.10", hold="bound"))
    with MemoryWire(bank=bank) as wire:
        me = wire.client()
        request = post(DECLARED)
        for at in range(0, len(request), 7):
            me.deliver(request[at : at + 7])
            wire.settle()
        assert run(wire) == 1
        (sent,) = requests_in(bytes(wire.upstreams[0].sent))
        assert sent.body == DECLARED


def test_calls_without_a_budget_come_by_the_short_way() -> None:
    """Nothing is asked of a head that no budget binds."""
    agents = budget(scope={"agent": ("a",)})
    with MemoryWire(bank=MemoryBank(agents, spent=10 * CENT)) as wire:
        for _ in range(3):
            wire.client().deliver(post(UNDECLARED))
            assert run(wire) == 1
        assert [plan.checked for plan in wire.gate.plans._plans.values()] == [False]


def test_the_header_tells_what_is_left_where_it_is_asked_for() -> None:
    """Of the budget that has the least."""
    with MemoryWire(bank=MemoryBank(budget("0.10")), budget_header=True) as wire:
        seen = []
        for _ in range(3):
            me = wire.client()
            me.deliver(post(DECLARED))
            run(wire)
            line = bytes(me.sent).partition(b"X-Weighbridge-Budget-Remaining: ")[2]
            seen.append(line.partition(b"\r\n")[0].decode())
        # The hold counts, which is a little more than the cent that the call comes to.
        assert seen == ["0.0899814", "0.0799814", "0.0699814"]
