"""The table of endings, read as data: complete, and true to the contract."""

import pytest

from weighbridge.core.outcome import Outcome, Reason
from weighbridge.gateway.lifecycle import ENDINGS, Act, Event, Phase, outcome_of_status

CONNECTING = (Event.CONNECT_FAILED, Event.CONNECT_TIMEOUT)
IMPOSSIBLE = {
    **{(Phase.QUEUED, event): "it has not begun: it leaves with its connection" for event in Event},
    **{(Phase.ENDED, event): "it is over: nothing can end it again" for event in Event},
    **{
        (Phase.ANSWERING, event): "an answer came, so there is a connection" for event in CONNECTING
    },
    **{(Phase.TUNNEL, event): "a 101 came, so there is a connection" for event in CONNECTING},
    (Phase.DRAINING, Event.CLIENT_LOST): "the client has left already",
    (Phase.DRAINING, Event.CLIENT_MALFORMED): "the client has left already",
    (Phase.TUNNEL, Event.UPSTREAM_MALFORMED): "a tunnel's bytes are not parsed",
    (Phase.TUNNEL, Event.CLIENT_MALFORMED): "a tunnel's bytes are not parsed",
}


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("phase", list(Phase))
def test_every_pair_is_decided(phase: Phase, event: Event) -> None:
    """An event in a phase has one ending, or a reason why it cannot happen; never both."""
    assert ((phase, event) in ENDINGS) != ((phase, event) in IMPOSSIBLE)


def test_replies_only_before_an_answer() -> None:
    """An error answer of our own is given only while the client has got nothing."""
    replies = {phase for (phase, _), ending in ENDINGS.items() if ending.act is Act.REPLY}
    assert replies == {Phase.AWAITING}
    assert all(ending.reason for ending in ENDINGS.values() if ending.act is Act.REPLY)


def test_a_cut_answer_is_always_seen_as_cut() -> None:
    """Once the head went to the client, no ending lets a cut answer look whole."""
    for (phase, event), ending in ENDINGS.items():
        if phase is Phase.ANSWERING and event is not Event.CLIENT_LOST:
            assert ending.act is Act.CUT


def test_whose_fault_it_was() -> None:
    """The upstream's failures, the client's leaving and our stopping are told apart."""
    for (phase, event), ending in ENDINGS.items():
        if phase in (Phase.DRAINING, Phase.TUNNEL):
            continue
        if event in (
            *CONNECTING,
            Event.UPSTREAM_LOST,
            Event.UPSTREAM_MALFORMED,
            Event.UPSTREAM_TIMEOUT,
        ):
            assert ending.outcome is Outcome.UPSTREAM_FAILED
        elif event in (Event.DRAIN_OVER, Event.BUDGET_SPENT):
            assert ending.outcome is Outcome.INTERRUPTED
        elif event is not Event.CLIENT_MALFORMED:
            assert ending.outcome is Outcome.CLIENT_CLOSED


def test_a_client_that_left_stays_gone() -> None:
    """S2: whatever ends an answer that is read on for its usage, the client had left."""
    endings = [ending for (phase, _), ending in ENDINGS.items() if phase is Phase.DRAINING]
    assert {(ending.act, ending.outcome, ending.reason) for ending in endings} == {
        (Act.NOTHING, Outcome.CLIENT_CLOSED, None)
    }


@pytest.mark.parametrize("event", [Event.CONNECT_TIMEOUT, Event.UPSTREAM_TIMEOUT])
def test_timeouts_are_504(event: Event) -> None:
    """Timeouts have their own reason."""
    assert ENDINGS[Phase.AWAITING, event].reason is Reason.UPSTREAM_TIMEOUT


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK),
        (204, Outcome.OK),
        (304, Outcome.OK),
        (399, Outcome.OK),
        (400, Outcome.CLIENT_ERROR),
        (499, Outcome.CLIENT_ERROR),
        (500, Outcome.UPSTREAM_ERROR),
        (599, Outcome.UPSTREAM_ERROR),
    ],
)
def test_outcome_of_status(status: int, outcome: Outcome) -> None:
    """Both sides of each boundary."""
    assert outcome_of_status(status) is outcome
