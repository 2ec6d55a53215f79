"""Messages out of the bytes of a websocket, within bounds."""

import zlib

import pytest
from live_messages import DEFLATE_HEAD, PLAIN_HEAD, Sender
from wsproto.frame_protocol import ParseFailed

from weighbridge.gateway.websocket_messages import (
    LONGEST_MESSAGE,
    Deflate,
    Message,
    MessageReader,
    UnreadableWebsocketError,
    negotiated_deflate,
)


@pytest.mark.parametrize(
    ("lines", "agreed"),
    [
        (b"", None),
        (b"Sec-WebSocket-Extensions: permessage-deflate\r\n", Deflate(False, False)),
        (
            b"sec-websocket-extensions:permessage-deflate;server_no_context_takeover\r\n",
            Deflate(False, True),
        ),
        (
            b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; x\r\n",
            Deflate(True, False),
        ),
    ],
)
def test_the_answers_head_says_what_was_agreed(lines: bytes, agreed: Deflate | None) -> None:
    """RFC 7692: what the client offered does not matter."""
    assert negotiated_deflate(b"HTTP/1.1 101 OK\r\n" + lines) == agreed


@pytest.mark.parametrize("value", [b"x-webkit-deflate-frame", b"permessage-deflate, x-other"])
def test_an_extension_that_nobody_knows_is_not_guessed_at(value: bytes) -> None:
    """Its frames could mean anything."""
    with pytest.raises(ValueError, match="permessage-deflate"):
        negotiated_deflate(b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: " + value + b"\r\n")


@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("head", [PLAIN_HEAD, DEFLATE_HEAD], ids=["plain", "deflate"])
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_messages_come_out_as_they_went_in(side: str, head: bytes, step: int) -> None:
    """Masked or not, whole or in fragments, with a ping between them."""
    sender = Sender(side, deflate=head is DEFLATE_HEAD)
    sent = [b"{}", b"", b"QUJD" * 200, "größe".encode(), b"x" * 70_000]
    data = b"".join(
        sender.send(each, text=number == 3, fragments=number + 1) + sender.ping()
        for number, each in enumerate(sent)
    )
    reader = MessageReader(from_client=side == "client", deflate=negotiated_deflate(head))
    came = [
        message for at in range(0, len(data), step) for message in reader.feed(data[at : at + step])
    ]

    assert came == [Message(each, True) for each in sent]


@pytest.mark.parametrize("head", [PLAIN_HEAD, DEFLATE_HEAD], ids=["plain", "deflate"])
def test_of_a_message_that_is_too_long_the_end_is_kept(head: bytes) -> None:
    """Bounded memory; what matters of an answer stands at its end."""
    sender = Sender("server", deflate=head is DEFLATE_HEAD)
    data = sender.send(b"x" * 3 * LONGEST_MESSAGE + b"the end") + sender.send(b"next")
    reader = MessageReader(from_client=False, deflate=negotiated_deflate(head))
    held = 0
    came = []
    for at in range(0, len(data), 65_536):
        came += list(reader.feed(data[at : at + 65_536]))
        held = max(held, sum(map(len, reader._pieces)))

    assert [message.whole for message in came] == [False, True]
    assert came[0].data.endswith(b"xthe end")
    assert len(came[0].data) <= LONGEST_MESSAGE
    assert held <= LONGEST_MESSAGE
    assert came[1].data == b"next"


def test_a_message_that_inflates_without_end_is_given_up() -> None:
    """A few kilobytes may stand for gigabytes; nobody inflates those."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(64))
    bomb += deflater.flush(zlib.Z_SYNC_FLUSH)[:-4]
    frame = b"\xc2\x7f" + len(bomb).to_bytes(8, "big") + bomb
    reader = MessageReader(from_client=False, deflate=Deflate(False, False))

    with pytest.raises(ParseFailed):
        list(reader.feed(frame))


def test_a_close_frame_ends_it_with_its_code() -> None:
    """What comes behind it is nobody's."""
    sender = Sender("server")
    reader = MessageReader(from_client=False, deflate=None)
    data = sender.send(b"last") + sender.close(1011, "Internal error.")

    assert [message.data for message in reader.feed(data + b"\x01\x02")] == [b"last"]
    assert (reader.closed, reader.close_code) == (True, 1011)


@pytest.mark.parametrize(
    "garbage",
    [b"\x83\x05hello", b"\x80\x05hello", b"\x01\x01a\x81\x01b", b"\xc1\x01a", b"\x81\x81abcda"],
    ids=["opcode", "lone fragment", "message inside", "reserved bit", "masked answer"],
)
def test_what_is_no_websocket_is_told_so(garbage: bytes) -> None:
    """The tunnel's observer ends then, the tunnel does not."""
    reader = MessageReader(from_client=False, deflate=None)

    with pytest.raises((ParseFailed, UnreadableWebsocketError)):
        list(reader.feed(garbage))
