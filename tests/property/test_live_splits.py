"""However the bytes of a Live session are cut, its reading is the same (S5, S7)."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from live_messages import (
    DEFLATE_HEAD,
    PLAIN_HEAD,
    Sender,
    message,
    setup,
    sound,
    turn_end,
    usage,
)

from weighbridge.gateway.tunnel import TunnelObserver, tunnel_observer
from weighbridge.providers.base import Route

_ROUTE = Route(provider="google", surface="gemini", upstream="gemini", host="h", operation="live")
_CALL = message({"toolCall": {"functionCalls": [{"name": "f"}]}, "usageMetadata": usage(30, 5)})
_MESSAGES = st.sampled_from(
    [
        sound(400),
        sound(40_000),
        turn_end(10, 4),
        turn_end(20, 6, thoughtsTokenCount=9),
        message({"usageMetadata": usage(10, 2)}),
        message({"serverContent": {"interrupted": True}}),
        message({"serverContent": {"turnComplete": True}}),
        message({"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}}),
        _CALL,
    ]
)


def _read(head: bytes, up: list[bytes], down: list[bytes]) -> tuple[object, ...]:
    observer = tunnel_observer(_ROUTE, head)
    assert isinstance(observer, TunnelObserver)
    for data in up:
        observer.from_client(data)
    for data in down:
        observer.from_upstream(data)
    return observer.finish(complete=False), observer.turns, observer.model, observer.failed


def _cut(data: bytes, cuts: list[float]) -> list[bytes]:
    ends = sorted({int(len(data) * cut) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@settings(max_examples=60, deadline=None)
@given(
    messages=st.lists(_MESSAGES, max_size=12),
    fragments=st.integers(1, 4),
    deflate=st.booleans(),
    cuts=st.lists(st.floats(0, 1), max_size=30),
)
def test_any_split_of_both_directions_gives_the_same_reading(
    messages: list[bytes], fragments: int, deflate: bool, cuts: list[float]
) -> None:
    """Frames know nothing of reads."""
    client, server = Sender("client", deflate=deflate), Sender("server", deflate=deflate)
    up = client.send(setup(), fragments=fragments) + client.send(b'{"realtimeInput": {}}')
    down = b"".join(server.send(each, fragments=fragments) + server.ping() for each in messages)
    head = DEFLATE_HEAD if deflate else PLAIN_HEAD
    whole = _read(head, [up], [down])

    assert _read(head, _cut(up, cuts), _cut(down, cuts)) == whole
    assert whole[2:] == ("gemini-3.8-live", False)


@settings(max_examples=100, deadline=None)
@given(up=st.binary(max_size=300), down=st.binary(max_size=300), deflate=st.booleans())
def test_no_bytes_raise(up: bytes, down: bytes, deflate: bool) -> None:
    """Whatever comes, the observer ends and the tunnel goes on."""
    _read(DEFLATE_HEAD if deflate else PLAIN_HEAD, [up], [down])


@settings(max_examples=100, deadline=None)
@given(document=st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text()))
def test_no_message_raises(document: dict[str, object]) -> None:
    """Nor does any message that means something else."""
    server = Sender("server")
    messages = [
        message({name: document})
        for name in ("usageMetadata", "serverContent", "toolCall", "error", "modelTurn")
    ]
    assert _read(PLAIN_HEAD, [], [server.all(messages)])[3] is False
