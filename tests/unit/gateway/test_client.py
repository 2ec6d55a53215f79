"""Client connections: pipelining, what follows a known head, upgrades, many waiting calls."""

import pytest
from bench_wire import TOKEN
from http_reader import answers_in, requests_in
from memory_wire import MemoryWire
from messages import KEY, PATH, answer, post

from weighbridge.gateway.client import ClientConnection
from weighbridge.gateway.request_bodies import HELD_BYTES

GET = b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b\r\n" % KEY
HEALTH = b"GET /-/healthz HTTP/1.1\r\nHost: gw\r\n\r\n"
UPGRADE = (
    b"GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent HTTP/1.1"
    b"\r\nHost: gw\r\n%bConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" % KEY
)
SWITCHING = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_call_behind_the_rest_of_a_known_call() -> None:
    """A known head serves its own call alone, also where the next call comes with its body's end.

    Else the next call would be sent under another call's target, key and attribution.
    """
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post(b"0123456789"))
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(answer())
        wire.settle()
        again = post(b"abcdefghij")
        me.deliver(again[:-5])
        me.deliver(again[-5:] + post(b"zz", path=PATH.replace(b"flash", b"pro")))
        wire.settle()
        up.deliver(answer())
        wire.settle()
        calls = [
            (call.start[1], call.body)
            for transport in wire.upstreams
            for call in requests_in(bytes(transport.sent))
        ]
        assert calls == [
            (PATH, b"0123456789"),
            (PATH, b"abcdefghij"),
            (PATH.replace(b"flash", b"pro"), b"zz"),
        ]


@pytest.mark.parametrize("upgrade", [UPGRADE, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"])
def test_bytes_behind_an_upgrade_that_waits(upgrade: bytes) -> None:
    """B11, P4: bytes behind a pipelined upgrade are no part of the call under way."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post() + upgrade + b"GET /v1beta/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.settle()
        sent = b"".join(bytes(transport.sent) for transport in wire.upstreams)
        assert b"smuggled" not in sent


@pytest.mark.parametrize("waiting", [HEALTH, post().replace(KEY, b"")])
def test_many_calls_wait(waiting: bytes) -> None:
    """However many calls wait in one read, each is answered in turn: the stack does not grow."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post() + waiting * 2000)
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        assert len(answers_in(bytes(me.sent), [b"POST"] * 2001)) == 2001
        assert wire.gate.live == set()


def test_upgrade_that_is_declined() -> None:
    """An upstream that declines an upgrade leaves a connection that serves, or is closed."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(UPGRADE)
        wire.settle()
        wire.upstreams[0].deliver(answer(b"{}"))
        wire.settle()
        me.deliver(GET)
        wire.settle()
        assert me.closed or len(requests_in(bytes(wire.upstreams[0].sent))) == 2


def test_bytes_before_the_upgrade_is_accepted() -> None:
    """Bytes that come before the 101 wait, bounded, and go up once the tunnel stands."""
    with MemoryWire() as wire:
        wire.client()
        me = wire.client()
        me.deliver(UPGRADE)
        wire.settle()
        (up,) = wire.upstreams
        upgrade = len(up.sent)
        for _ in range(100):
            me.deliver(b"x" * 65536)
        assert not me.reading, "6.5 MB were taken before there was a tunnel"
        up.deliver(SWITCHING)
        wire.settle()
        assert up.sent[upgrade:] == b"x" * 6553600


def test_tunnel_passes_both_ways() -> None:
    """After a 101, bytes pass as they are, whatever they look like."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(UPGRADE)
        wire.settle()
        (up,) = wire.upstreams
        before = len(up.sent)
        up.deliver(SWITCHING + b"\x81\x01a")
        me.deliver(GET)
        wire.settle()
        assert up.sent[before:] == GET
        assert me.sent.endswith(b"\r\n\r\n\x81\x01a")


def test_call_before_what_is_no_http() -> None:
    """It goes up at once, also where it came with it and an upstream's connection is free."""
    with MemoryWire() as wire:
        first = wire.client()
        first.deliver(post())
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        me = wire.client()
        me.deliver(post(b"abc", extra=b"X-New: 1\r\n") + b"nonsense\r\n\r\n")
        wire.settle()
        (up,) = wire.upstreams
        assert up.sent.endswith(b"\r\n\r\nabc")
        up.deliver(answer())
        wire.settle()
        assert me.sent.startswith(b"HTTP/1.1 200 ")
        assert me.sent.count(b"HTTP/1.1 400 ") == 1


def test_calls_that_wait_are_begun_in_turn() -> None:
    """Of pipelined calls one is under way; the others have no row yet and are no exchange."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(GET * 3)
        wire.settle()
        assert (wire.counters.exchanges, me.reading) == (1, False)
        for turn in range(3):
            wire.upstreams[0].deliver(answer(b"%d" % turn))
            wire.settle()
        assert [message.body for message in answers_in(bytes(me.sent), [b"GET"] * 3)] == [
            b"0", b"1", b"2",
        ]  # fmt: skip
        assert (wire.counters.exchanges, me.reading, len(wire.rows())) == (3, True, 3)


def test_client_that_leaves_takes_waiting_calls_with_it() -> None:
    """Calls that waited behind another never began: no row, nothing sent."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(GET * 3)
        wire.settle()
        me.peer_closes()
        wire.hang_up()
        assert len(wire.rows()) == wire.counters.exchanges == 1
        assert len(requests_in(bytes(wire.upstreams[0].sent))) == 1


def test_body_with_a_length_in_odd_writing() -> None:
    """A head whose length is written in another way is the same call, also when it comes again."""
    with MemoryWire() as wire:
        me = wire.client()
        for head in (b"CONTENT-LENGTH: 5", b"Content-Length:5", b"content-length:\t5"):
            call = b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b%b\r\n\r\n" % (KEY, head)
            for _ in range(2):
                me.deliver(call)
                me.deliver(b"hello")
                wire.settle()
                (up,) = wire.upstreams
                up.deliver(answer(b"{}"))
                wire.settle()
        calls = requests_in(bytes(up.sent))
        assert [call.body for call in calls] == [b"hello"] * 6
        assert [row.request_bytes for row in wire.rows()] == [5] * 6


def test_get_with_a_body_is_not_repeated() -> None:
    """A GET is repeated on a dead connection only where nothing of it would be missing."""
    with MemoryWire() as wire:
        me = wire.client()
        call = b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n%bCONTENT-LENGTH: 5\r\n\r\n" % KEY
        for _ in range(2):
            me.deliver(call)
            me.deliver(b"hello")
            wire.settle()
            wire.upstreams[0].deliver(answer(b"{}"))
            wire.settle()
        me.deliver(call)
        me.deliver(b"hello")
        wire.settle()
        wire.upstreams[0].peer_closes()
        wire.settle()
        assert wire.upstreams[1:] == []
        assert b"502 Bad Gateway" in me.sent


def test_slow_client_stops_its_upstream() -> None:
    """A client that does not take its answer stops the upstream, until it takes it."""
    with MemoryWire() as wire:
        me = wire.client()
        me.limit = 1000
        me.deliver(GET)
        wire.settle()
        (up,) = wire.upstreams
        whole = answer(b"z" * 5000)
        up.deliver(whole[:2500])
        wire.loop.turn()
        up.deliver(whole[2500:])
        assert (up.reading, len(me.sent) < 3000) == (False, True)
        me.take_all()
        wire.settle()
        assert (up.reading, me.sent[-5000:]) == (True, b"z" * 5000)


def test_slow_client_stops_its_next_upstream() -> None:
    """A client that is behind with one answer is behind with the next: that upstream waits too."""
    with MemoryWire() as wire:
        me = wire.client()
        me.limit = 1000
        me.deliver(GET + GET)
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(answer(b"y" * 5000))
        wire.settle()
        whole = answer(b"z" * 50_000)
        for start in range(0, len(whole), 5000):
            up.deliver(whole[start : start + 5000])
        wire.settle()
        assert len(me.sent) < 20_000


def test_slow_upstream_stops_its_client() -> None:
    """An upstream that does not take the body stops the client, until it takes it."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(GET)
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(answer())
        wire.settle()
        up.limit = 1000
        call = post(b"z" * 5000)
        me.deliver(call[:2500])
        me.deliver(call[2500:])
        wire.loop.turn()
        assert me.reading is False
        while not me.reading:
            up.take_all()
            wire.settle()
        assert requests_in(bytes(up.sent))[1].body == b"z" * 5000


def test_slow_new_upstream_stops_its_client() -> None:
    """The same where the body came while the connection was being made."""
    with MemoryWire() as wire:
        wire.loop.hold_connecting = True
        wire.loop.limit = 1000
        me = wire.client()
        call = post(b"z" * 4_000_000)
        for start in range(0, len(call), 65536):
            me.deliver(call[start : start + 65536])
        wire.settle()
        assert me.reading is False
        wire.loop.release_connecting()
        wire.settle()
        (up,) = wire.upstreams
        assert me.reading is False
        assert len(up.sent) < HELD_BYTES + 500_000  # what is kept back for its labels, and a bit
        while not me.reading:
            up.take_all()
            wire.settle()
        assert requests_in(bytes(up.sent))[0].whole


def test_absolute_target_goes_where_its_path_goes() -> None:
    """P3: the host that it names is ignored; the upstream gets the path alone."""
    with MemoryWire() as wire:
        for _ in range(3):
            me = wire.client()
            me.deliver(post(path=b"http://evil.example" + PATH))
            wire.settle()
            (up,) = wire.upstreams
            (call,) = requests_in(bytes(up.sent))
            assert call.start[1] == PATH
            assert call.header(b"host") == b"upstream.test"
            up.sent.clear()
            up.deliver(answer())
            wire.settle()
            me.peer_closes()


def test_call_behind_a_call_refused_before_its_end() -> None:
    """P5: what is remembered of a head is remembered under its own bytes, not the next call's.

    Else a wrong token would pass once a right one had come behind it.
    """
    wrong = post().replace(TOKEN.encode(), b"trk_test" + b"z" * 28)
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(wrong[:-1])
        me.deliver(wrong[-1:] + post())
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        assert [row.outcome for row in wire.rows()] == ["refused", "ok"]
        again = wire.client()
        again.deliver(wrong)
        wire.settle()
        assert again.sent.startswith(b"HTTP/1.1 401 ")


def test_no_head_is_kept_with_an_idle_connection() -> None:
    """P1: the bytes of a head hold keys, in the target as well."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post(path=PATH + b"?key=AIzaSyTESTkey"))
        assert wire.gate.live
        kept = me.protocol
        assert isinstance(kept, ClientConnection)
        requests = kept._requests
        assert (kept._raw, requests._target, requests._headers) == (None, b"", [])


DRAIN_S = 100.0


@pytest.mark.parametrize("grace", [0.0, 2 * DRAIN_S])
@pytest.mark.parametrize("number", [2, 3])
def test_calls_behind_the_last_answer(number: int, grace: float) -> None:
    """A connection that closes with an answer takes no call that was sent behind that one.

    Its client sends those again elsewhere, where they would be acted upon twice.
    """
    bad = post(b'{"labels":{"Team":"a"}}')
    with MemoryWire(drain_grace_s=grace) as wire:
        wire.gate.draining = True
        wire.gate.drain_since = wire.now - DRAIN_S
        wire.gate.look_around()
        me = wire.client()
        me.deliver(bad + post() * (number - 1))
        wire.settle()
        assert wire.upstreams == []
        (got,) = answers_in(bytes(me.sent), [b"POST"])
        assert got.whole
        assert [row.outcome for row in wire.rows()] == ["refused"]
        assert wire.counters.internal_errors == 0


def test_calls_behind_an_answer_that_was_cut() -> None:
    """As its connection is closed, they are not begun."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post() + post())
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(answer()[:-5])
        up.peer_closes()
        wire.settle()
        assert me.closed
        assert len(wire.upstreams) == 1
        assert [row.outcome for row in wire.rows()] == ["upstream_failed"]


def test_many_offers_to_upgrade_in_one_read() -> None:
    """Each is left aside and its call answered, however many wait."""
    offer = GET[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(offer * 1200)
        wire.settle()
        (up,) = wire.upstreams
        while up.protocol.sink is not None:  # type: ignore[attr-defined]
            up.deliver(answer(b"{}"))
            wire.settle()
        assert len(wire.rows()) == 1200
        assert wire.counters.internal_errors == 0


def test_early_answer_while_the_upstream_is_slow() -> None:
    """The rest of a small body is read, though the upstream had it paused; the next call passes."""
    with MemoryWire() as wire:
        wire.loop.limit = 100
        me = wire.client()
        request = post(b"y" * 3000, path=b"/v1beta/models/m:unknown")
        me.deliver(request[:-1000])
        wire.settle()
        assert not me.reading
        wire.upstreams[0].deliver(answer())
        me.deliver(request[-1000:])
        wire.settle()
        me.deliver(post())
        wire.settle()
        wire.upstreams[1].deliver(answer())
        wire.settle()
        assert [row.outcome for row in wire.rows()] == ["ok", "ok"]
        assert [got.whole for got in answers_in(bytes(me.sent), [b"POST"] * 2)] == [True, True]


@pytest.mark.parametrize("reads", [False, True])
def test_idle_client_that_reads_nothing(reads: bool) -> None:
    """P7: a plain close would wait for it for ever."""
    with MemoryWire() as wire:
        me = wire.client()
        me.limit = None if reads else 10
        me.deliver(post())
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        wire.now += wire.gate.settings.client_idle_timeout_s
        me.protocol.check(wire.now)  # type: ignore[attr-defined]
        assert not me.closed
        me.protocol.check(wire.now + 1)  # type: ignore[attr-defined]
        assert (me.closed, me.aborted) == (True, not reads)
