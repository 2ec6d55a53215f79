"""Labels in request bodies: read, refused, taken out, filled in, as they pass (design B3, B7)."""

import json
from typing import Any

import pytest
from bench_wire import policy_with
from http_reader import answers_in, requests_in
from memory_wire import MemoryWire
from messages import answer, post
from msgspec.structs import replace

from weighbridge.attribution.policy import LabelRules
from weighbridge.core.exchange import Exchange
from weighbridge.gateway.request_bodies import HELD_BYTES
from weighbridge.providers.asked import AskedReader

DEVELOPER = b"/v1beta/models/gemini-2.5-flash:generateContent"
VERTEX = (
    b"/v1/projects/p1/locations/us-central1/publishers/google/models/"
    b"gemini-2.5-flash:generateContent"
)
LABELLED = b'{"contents":[],"labels":{"team":"research","env":""},"x":1}'
LARGE = b'{"contents":[{"parts":[{"text":"%b"}]}]' % (b"x" * 2 * HELD_BYTES)


class Call:
    """One call: what the upstream got of it, what the client got, what was booked."""

    def __init__(self, wire: MemoryWire, *pieces: bytes) -> None:
        booked = len(wire.rows())
        came = {id(up): len(up.sent) for up in wire.upstreams}
        me = wire.client()
        for piece in pieces:
            me.deliver(piece)
            wire.settle()
        self.sent = b""
        for up in wire.upstreams:
            new = bytes(up.sent[came.get(id(up), 0) :])
            self.sent += new
            if new and not up.closed:
                up.deliver(answer())
        wire.settle()
        self.head, _, self.body = self.sent.partition(b"\r\n\r\n")
        (got,) = answers_in(bytes(me.sent), [b"POST"])
        self.status, self.answered = int(got.start[1]), got.body
        (self.row,) = wire.rows()[booked:]
        me.peer_closes()


def of(row: Exchange) -> tuple[Any, ...]:
    return row.outcome, row.error_type, row.labels


def test_vertex_labels_pass_and_are_booked() -> None:
    """Not a byte changes; the row carries them, and they beat the header's."""
    with MemoryWire() as wire:
        for _ in range(2):  # the second time by a plan
            extra = b"X-Weighbridge-Labels: team=sales,tier=gold\r\n"
            call = Call(wire, post(LABELLED, extra=extra, path=VERTEX))
            assert call.body == LABELLED
            assert call.row.labels == {"team": "research", "env": "", "tier": "gold"}
            assert call.row.labels_sent == {"team": "research", "env": ""}


def test_developer_api_labels_are_taken_out() -> None:
    """Blanks take their place: same length, same JSON without the member."""
    with MemoryWire() as wire:
        for _ in range(2):
            call = Call(wire, post(LABELLED, path=DEVELOPER))
            assert b"Content-Length: %d\r\n" % len(LABELLED) in call.head + b"\r\n"
            assert len(call.body) == len(LABELLED)
            assert json.loads(call.body) == {"contents": [], "x": 1}
            assert call.row.labels == {"team": "research", "env": ""}
            assert call.row.labels_sent is None


def test_what_cannot_carry_labels_says_so() -> None:
    """Partner models, and all but generateContent: the row tells, where labels are filled in."""
    claude = b"/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:rawPredict"
    with MemoryWire(labels=LabelRules(inject=True)) as wire:
        for _ in range(2):
            call = Call(wire, post(b'{"messages":[]}', extra=b"X-Agent: a\r\n", path=claude))
            assert call.body == b'{"messages":[]}'
            assert (call.row.labels_sent, call.row.notes) == (None, ("labels_not_carried",))


def test_developer_api_labels_pass_if_so_configured() -> None:
    """`labels.developer_api = forward`: Google answers, even to what breaks the rules."""
    with MemoryWire(labels=LabelRules(developer_api="forward")) as wire:
        call = Call(wire, post(b'{"labels":{"Team":"Research"}}', path=DEVELOPER))
        assert call.body == b'{"labels":{"Team":"Research"}}'
        assert of(call.row) == ("ok", None, {})
        assert Call(wire, post(LABELLED, path=DEVELOPER)).row.labels["team"] == "research"


def test_a_policy_changes_what_is_done_with_labels() -> None:
    """From the next call on, also for a head that came before; without a word, as at the start."""
    vowel_sign = '{"labels":{"team":"\u0915\u093f"}}'.encode()
    with MemoryWire(policy_with({})) as wire:
        for rules, status in (
            (None, 400),
            (LabelRules(lenient=True), 200),
            (LabelRules(developer_api="forward"), 200),
            (None, 400),
        ):
            wire.gate.apply_policy(replace(policy_with({}), labels=rules))
            for _ in range(2):
                call = Call(wire, post(vowel_sign, path=DEVELOPER))
                assert call.status == status
                if rules is not None and rules.developer_api == "forward":
                    assert call.body == vowel_sign


@pytest.mark.parametrize("path", [VERTEX, DEVELOPER])
@pytest.mark.parametrize(
    ("labels", "key", "says"),
    [
        (b'{"Team":"a"}', "Team", "lowercase"),
        (b'{"team":"A B"}', "team", "lowercase"),
        (b'{"team":"a","team":"b"}', "team", "twice"),
        (b'{"team":1}', "team", "text"),
    ],
)
def test_labels_that_break_a_rule(path: bytes, labels: bytes, key: str, says: str) -> None:
    """400 `LABELS_INVALID` naming key and rule, before Google is contacted; booked."""
    body = b'{"contents":[],"labels":%b}' % labels
    with MemoryWire() as wire:
        for _ in range(2):
            call = Call(wire, post(body, path=path))
            assert (call.sent, call.status) == (b"", 400)
            error = json.loads(call.answered)["error"]
            assert error["status"] == "INVALID_ARGUMENT"
            assert error["details"][0]["reason"] == "LABELS_INVALID"
            assert error["details"][0]["metadata"]["key"] == key
            assert repr(key) in error["message"]
            assert says in error["message"]
            assert of(call.row) == ("refused", "LABELS_INVALID", {})
            Call(wire, post(b'{"contents":[]}', path=path))  # now the head is known
        assert len(wire.upstreams) == 1


@pytest.mark.parametrize("step", [1, 7, 40, 200])
def test_a_body_in_pieces_is_waited_for(step: int) -> None:
    """Head and body in reads of their own: nothing goes up before the labels are known."""
    with MemoryWire() as wire:
        for body, status in ((b'{"labels":{"Team":"a"}}', 400), (LABELLED, 200)):
            for _ in range(2):
                request = post(body, path=VERTEX)
                pieces = [request[at : at + step] for at in range(0, len(request), step)]
                call = Call(wire, *pieces)
                assert call.status == status
                assert call.body == (LABELLED if status == 200 else b"")


@pytest.mark.parametrize("chunks", [False, True])
def test_labels_at_the_end_of_a_large_body(chunks: bool) -> None:
    """Beyond what is held the body streams; its labels are read and taken out all the same."""
    body = LARGE + b',"labels":{"team":"a"}}'
    request = post(body, path=DEVELOPER)
    if chunks:
        head = request[: -len(body)].replace(
            b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"
        )
        request = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with MemoryWire() as wire:
        call = Call(wire, *(request[at : at + 65_536] for at in range(0, len(request), 65_536)))
        (got,) = requests_in(call.sent)
        assert json.loads(got.body) == json.loads(LARGE + b"}")
        assert call.row.labels == {"team": "a"}


def test_a_large_body_whose_labels_break_a_rule() -> None:
    """It has begun to stream: the upstream never gets the whole of it."""
    body = LARGE + b',"labels":{"TEAM":"a"}}'
    request = post(body, path=VERTEX)
    with MemoryWire() as wire:
        pieces = [request[at : at + 65_536] for at in range(0, len(request), 65_536)]
        call = Call(wire, *pieces)
        assert call.status == 400
        assert of(call.row) == ("refused", "LABELS_INVALID", {})
        assert wire.upstreams[0].closed
        assert len(call.body) < len(body)


def test_a_client_that_waits_for_100() -> None:
    """`Expect: 100-continue`: the head goes up at once, the body streams through the filter."""
    request = post(LABELLED, extra=b"Expect: 100-continue\r\n", path=DEVELOPER)
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(request[: -len(LABELLED)])
        wire.settle()
        (up,) = wire.upstreams
        assert up.sent.endswith(b"\r\n\r\n")
        up.deliver(b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.loop.turn()
        assert bytes(me.sent) == b"HTTP/1.1 100 Continue\r\n\r\n"
        me.deliver(LABELLED)
        wire.loop.turn()
        assert json.loads(bytes(up.sent).partition(b"\r\n\r\n")[2]) == {"contents": [], "x": 1}


def test_labels_are_filled_in_on_vertex() -> None:
    """`labels.inject`: attribution joins the caller's own labels, which win; length follows."""
    extra = b"X-Department: R&D\r\nX-Agent: Bot 7\r\nX-Weighbridge-Labels: env=x,tier=gold\r\n"
    with MemoryWire(labels=LabelRules(inject=True)) as wire:
        for body in (b'{"contents":[],"labels":{"env":"prod"}}', b'{"contents":[]}', b"{}") * 2:
            call = Call(wire, post(body, extra=extra, path=VERTEX))
            assert b"Content-Length: %d\r\n" % len(call.body) in call.head + b"\r\n"
            sent = json.loads(call.body)
            labels = sent.pop("labels")
            own = json.loads(body)
            assert labels["env"] == own.pop("labels", {"env": "x"})["env"]
            assert sent == own
            assert set(labels) == {"env", "tier", "department", "agent"}
            assert labels["tier"] == "gold"
            assert all(value == value.lower() for value in labels.values())
            assert call.row.labels_sent == labels
        call = Call(wire, post(b'{"contents":[]}', extra=extra, path=DEVELOPER))
        assert call.body == b'{"contents":[]}'


def test_filling_in_a_body_too_large_to_hold() -> None:
    """Its length is not known when its head goes up: it goes in chunks."""
    request = post(LARGE + b"}", extra=b"X-Agent: bot\r\n", path=VERTEX)
    with MemoryWire(labels=LabelRules(inject=True)) as wire:
        call = Call(wire, *(request[at : at + 65_536] for at in range(0, len(request), 65_536)))
        assert b"Content-Length" not in call.head
        (got,) = requests_in(call.sent)
        assert json.loads(got.body) == json.loads(LARGE + b"}") | {"labels": {"agent": "bot"}}


@pytest.mark.parametrize("path", [VERTEX, DEVELOPER])
@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b'{"contents":', b"[]", b'"labels"', b'["labels"]']
)
def test_a_body_that_is_no_object(path: bytes, body: bytes) -> None:
    """Forwarded untouched; Google answers."""
    with MemoryWire() as wire:
        for _ in range(2):
            call = Call(wire, post(body, path=path))
            assert (call.body, call.status, call.row.labels) == (body, 200, {})


def test_a_client_that_leaves_in_the_middle_of_its_body() -> None:
    """Nothing was sent up, and nothing is held any longer."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post(LABELLED, path=VERTEX)[:-5])
        wire.settle()
        me.peer_closes()
        wire.settle()
        assert wire.upstreams == []
        assert [row.outcome for row in wire.rows()] == ["client_closed"]
        assert not wire.gate.live


def test_a_model_that_only_the_body_names() -> None:
    """OpenAI-compatible calls: the row has the model, also where the answer never came."""
    path = b"/v1beta/openai/chat/completions"
    body = b'{"model":"gemini-2.5-flash","messages":[]}'
    with MemoryWire() as wire:
        for _ in range(2):
            call = Call(wire, post(body, path=path))
            assert (call.body, call.row.model) == (body, "gemini-2.5-flash")


def test_values_of_a_label_that_has_too_many_are_folded() -> None:
    """In the row alone; Google gets what the caller sent."""
    with MemoryWire(replace(policy_with({}), folded_labels=["team"])) as wire:
        call = Call(wire, post(LABELLED, path=VERTEX))
        assert call.body == LABELLED
        assert call.row.labels == {"team": "(many)", "env": ""}


@pytest.mark.parametrize("broken", ["feed", "asked"])
def test_a_reader_that_fails(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call passes all the same, and its row says less (principle 1)."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AskedReader, broken, fail if broken == "feed" else property(fail))
    body = b'{"model":"gemini-2.5-flash","messages":[]}'
    with MemoryWire() as wire:
        call = Call(wire, post(body, path=b"/v1beta/openai/chat/completions"))
        assert (call.body, call.status, call.row.model) == (body, 200, None)
        assert wire.counters.internal_errors == 0
