"""The observer of a tunnel: both directions in, one reading out, never a fault."""

import pytest
from live_messages import DEFLATE_HEAD, PLAIN_HEAD, Sender, message, setup, sound, turn_end

from weighbridge.core.outcome import UsageSource
from weighbridge.gateway.tunnel import TunnelObserver, tunnel_observer
from weighbridge.providers.base import Route

_ROUTE = Route(provider="google", surface="vertex", upstream="vertex", host="h", operation="live")
_MODEL = "projects/p/locations/us-central1/publishers/google/models/gemini-live-2.5-flash"


def _observer(head: bytes = PLAIN_HEAD) -> TunnelObserver:
    observer = tunnel_observer(_ROUTE, head)
    assert observer is not None
    return observer


def test_the_row_learns_its_model_from_the_setup() -> None:
    """The path of a session names none; on Vertex location and project come with it."""
    observer = _observer()
    observer.from_client(Sender("client").send(setup(_MODEL)))
    route = observer.route

    assert observer.model == route.model == "gemini-live-2.5-flash"
    assert (route.location, route.cloud_project, route.metered) == ("us-central1", "p", True)
    assert (route.operation, route.host) == ("live", "h")


def test_a_microphone_is_not_read() -> None:
    """Behind the setup the client's bytes cost a comparison: not even garbage is noticed."""
    observer = _observer()
    observer.from_client(Sender("client").send(setup()) + b"\xff" * 100)
    observer.from_client(b"\xff" * 100)
    observer.from_upstream(Sender("server").all([sound(), turn_end(10, 4)]))

    assert observer.finish(complete=False).usage_source is UsageSource.FINAL


@pytest.mark.parametrize("head", [PLAIN_HEAD, DEFLATE_HEAD], ids=["plain", "deflate"])
def test_news_are_told_as_they_come(head: bytes) -> None:
    """S7: a long session is visible while it runs."""
    told: list[tuple[str | None, int, int | None]] = []
    observer = tunnel_observer(
        _ROUTE,
        head,
        lambda tunnel: told.append(
            (tunnel.model, tunnel.turns, tunnel.so_far().usage.total_tokens)
        ),
    )
    assert observer is not None
    server = Sender("server", deflate=head is DEFLATE_HEAD)
    observer.from_client(Sender("client", deflate=head is DEFLATE_HEAD).send(setup()))
    for each in (sound(), turn_end(10, 4), sound(), turn_end(20, 6)):
        observer.from_upstream(server.send(each))

    assert told == [("gemini-3.8-live", turns, total) for turns, total in
                    ((0, None), (1, 14), (2, 40))]  # fmt: skip
    assert observer.so_far().usage_source is UsageSource.PARTIAL
    assert observer.finish(complete=False).usage_source is UsageSource.FINAL


def test_who_is_told_may_fail() -> None:
    """Showing a session must not end its metering."""

    def fail(_: TunnelObserver) -> None:
        raise ValueError("no room")

    observer = tunnel_observer(_ROUTE, PLAIN_HEAD, fail)
    assert observer is not None
    observer.from_client(Sender("client").send(setup()))
    observer.from_upstream(Sender("server").all([sound(), turn_end(10, 4)]))

    assert observer.finish(complete=False).usage.total_tokens == 14


def test_garbage_ends_the_observing_with_a_lower_bound() -> None:
    """Transparency: nothing raises, what was told stands."""
    observer = _observer()
    observer.from_client(b"\x00garbage")
    observer.from_upstream(Sender("server").all([sound(), turn_end(10, 4)]))
    observer.from_upstream(b"\x83\x05hello")
    observer.from_upstream(Sender("server").all([sound(), turn_end(20, 6)]))
    reading = observer.finish(complete=False)

    assert (reading.usage.total_tokens, reading.usage_source) == (14, UsageSource.PARTIAL)
    assert observer.model is None


def test_how_the_server_closes_is_on_the_row() -> None:
    """1011 is an error although the handshake went well."""
    observer = _observer()
    server = Sender("server")
    observer.from_upstream(server.send(turn_end(10, 4)) + server.close(1011, "quota"))
    reading = observer.finish(complete=False)

    assert (reading.error_type, reading.error_in_stream) == ("INTERNAL", True)


@pytest.mark.parametrize(
    ("operation", "head"),
    [("unknown", PLAIN_HEAD), ("live", b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: x\r\n")],
)
def test_what_cannot_be_read_is_not_observed(operation: str, head: bytes) -> None:
    """The tunnel is passed on all the same, and is unmetered."""
    route = Route(
        provider="google", surface="gemini", upstream="gemini", host="h", operation=operation
    )

    assert tunnel_observer(route, head) is None


def test_a_setup_of_many_megabytes_still_names_its_model() -> None:
    """Of what is too long to keep, a client's beginning is kept."""
    observer = _observer()
    told = {"setup": {"model": "models/gemini-3.8-live", "systemInstruction": "x" * 3_000_000}}
    data = Sender("client").send(message(told), fragments=7)
    for at in range(0, len(data), 65_536):
        observer.from_client(data[at : at + 65_536])

    assert observer.model == "gemini-3.8-live"
