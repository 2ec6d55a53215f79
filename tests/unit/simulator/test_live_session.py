"""What the simulated model does in a Live session."""

from typing import Any

import pytest

from weighbridge.simulator.live_faults import Close, Drop, Hold, Move, Raw, Say
from weighbridge.simulator.live_session import LiveSession

_SETUP = {"setup": {"model": "models/gemini-3.8-live"}}
_TURN = {"clientContent": {"turns": [{"parts": [{"text": "hello"}]}], "turnComplete": True}}


def _session(fault: str = "", *, vertex: bool = False, music: bool = False) -> LiveSession:
    return LiveSession(vertex=vertex, music=music, seed="s", fault=fault)


def _usages(moves: list[Move]) -> list[dict[str, Any]]:
    said = [move.document for move in moves if isinstance(move, Say)]
    return [each["usageMetadata"] for each in said if "usageMetadata" in each]


def test_the_first_message_is_the_setup() -> None:
    """Anything else ends the session, as it does at Google."""
    moves, _ = _session().receive(_TURN)

    assert moves == [Close(1007, "Request contains an invalid argument.")]


@pytest.mark.parametrize(("vertex", "name"), [(False, "response"), (True, "candidates")])
def test_every_turn_has_the_whole_session_as_its_prompt(vertex: bool, name: str) -> None:
    """What was said and answered before is in it; details leave some of it out."""
    session = _session(vertex=vertex)
    session.receive(_SETUP)
    first, second = (_usages(session.receive(_TURN)[0])[0] for _ in range(2))
    listed = sum(each["tokenCount"] for each in second["promptTokensDetails"])

    assert second["promptTokenCount"] > first["promptTokenCount"] + first[f"{name}TokenCount"]
    assert listed < second["promptTokenCount"]
    assert second["totalTokenCount"] == second["promptTokenCount"] + second[f"{name}TokenCount"]
    assert second["thoughtsTokenCount"] > 0


def test_the_protos_names_are_understood_too() -> None:
    """Python's SDK sends them."""
    session = _session()
    session.receive(_SETUP)
    content = {"turns": [{"parts": [{"text": "hello"}]}], "turn_complete": True}
    moves, speaks = session.receive({"client_content": content})

    assert len(_usages(moves)) == 1
    assert speaks


def test_a_function_is_called_once() -> None:
    """Its answer goes on in the same turn."""
    session = _session()
    tools = [{"functionDeclarations": [{"name": "weigh"}]}]
    session.receive({"setup": _SETUP["setup"] | {"tools": tools}})
    called, _ = session.receive(_TURN)
    answered, _ = session.receive({"toolResponse": {"functionResponses": [{"name": "weigh"}]}})

    assert isinstance(called[0], Say)
    assert called[0].document["toolCall"]["functionCalls"][0]["name"] == "weigh"
    before, after = _usages(called)[0], _usages(answered)[0]
    assert after["promptTokenCount"] > before["promptTokenCount"]


def test_who_is_interrupted_is_billed_what_was_said() -> None:
    """Two pieces had left."""
    session = _session()
    session.receive(_SETUP)
    session.receive(_TURN)
    session.said(5)
    session.said(5)

    assert _usages(session.interrupted())[0]["responseTokenCount"] == 10


def test_music_plays_without_usage() -> None:
    """Pieces of sound until somebody stops it."""
    session = _session(music=True)
    session.receive({"setup": {"model": "models/lyria-realtime-exp"}})
    moves, _ = session.receive({"playbackControl": "PLAY"})
    stopped, interrupts = session.receive({"playbackControl": "STOP"})

    assert len([move for move in moves if isinstance(move, Say)]) == 20
    assert _usages(moves) == []
    assert (stopped, interrupts) == ([], True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("live_close_mid_turn", Close),
        ("live_drop_mid_turn", Drop),
        ("live_bad_frame", Raw),
        ("live_held_mid_turn", Hold),
        ("live_go_away", Close),
    ],
)
def test_faults_strike_in_the_second_turn(fault: str, kind: type[Move]) -> None:
    """So that there is something to lose."""
    session = _session(fault)
    session.receive(_SETUP)
    first, second = session.receive(_TURN)[0], session.receive(_TURN)[0]

    assert [move for move in first if isinstance(move, kind)] == []
    assert [type(move) for move in second if isinstance(move, kind)] == [kind]


def test_a_model_may_name_the_fault() -> None:
    """For clients that can set no header."""
    session = _session()
    moves, _ = session.receive({"setup": {"model": "models/sim-live_quota"}})

    assert [move.code for move in moves if isinstance(move, Close)] == [1011]
