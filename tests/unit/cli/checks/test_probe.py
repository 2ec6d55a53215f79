"""One try of an upstream against listeners of this machine."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from weighbridge.cli.checks.probe import Reached, reach
from weighbridge.simulator.tls import Certificates, make_certificates

GOOGLE = (
    b'{"error": {"code": 403, "message": "no key", "status": "PERMISSION_DENIED", "details": '
    b'[{"@type": "x", "reason": "API_KEY_SERVICE_BLOCKED"}]}}'
)


def _answer(status: bytes, body: bytes, date: bytes = b"Sun, 22 Nov 2026 12:00:00 GMT") -> bytes:
    return b"HTTP/1.1 %b\r\nDate: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        status, date, len(body), body,
    )  # fmt: skip


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of this machine whose one connection is served in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            try:
                sock, _ = server.accept()
                with sock:
                    serve(sock)
            except OSError:
                return  # the client is gone, or never came

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.close()
        thread.join(5)


def answering(data: bytes) -> Callable[[socket.socket], None]:
    def serve(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(data)

    return serve


def look(url: str, context: ssl.SSLContext | None = None, timeout_s: float = 2.0) -> Reached:
    return reach(url, "/x", context or ssl.create_default_context(), timeout_s, {})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def test_google_s_refusal_is_recognised() -> None:
    """Status, form, reason and the answer's clock; of the message nothing is kept (P2)."""
    with listener(answering(_answer(b"403 Forbidden", GOOGLE))) as port:
        found = look(f"http://127.0.0.1:{port}")
    assert (found.failed_at, found.status, found.is_google) == (None, 403, True)
    assert found.reason == "API_KEY_SERVICE_BLOCKED"
    assert found.their_clock == 1_795_348_800
    assert found.addresses == ("127.0.0.1",)
    assert "no key" not in repr(found)


@pytest.mark.parametrize(
    ("body", "google"),
    [
        (b'{"models": []}', True),
        (b'{"kind": "discovery#restDescription", "x": 1}', True),
        (b'{"kind": "discovery#restDescription", "cut', True),
        (b'[{"error": {"code": 503, "status": "UNAVAILABLE"}}]', True),
        (b"<html>Sign in</html>", False),
        (b'{"error": "nope"}', False),
        (b'"models"', False),
        (b"[]", False),
        (b"", False),
        (b"\xff\xfe", False),
    ],
)
def test_only_googles_form_is_google(body: bytes, google: bool) -> None:
    """Whatever else answers is told apart and raises nothing."""
    with listener(answering(_answer(b"200 OK", body, b"no date"))) as port:
        found = look(f"http://127.0.0.1:{port}")
    assert (found.is_google, found.their_clock) == (google, None)


def test_a_trusted_certificate_is_read(certificates: Certificates) -> None:
    """Its names, who issued it, and when it ends."""

    def serve(sock: socket.socket) -> None:
        with certificates.server_context().wrap_socket(sock, server_side=True) as secure:
            answering(_answer(b"200 OK", b"{}"))(secure)

    with listener(serve) as port:
        found = look(f"https://127.0.0.1:{port}", certificates.client_context())
    assert (found.failed_at, found.status) == (None, 200)
    assert found.certificate is not None
    assert "127.0.0.1" in found.certificate.names
    assert found.certificate.issuer == "Weighbridge simulator CA"
    assert 0 < found.certificate.ends - time.time() < 3 * 86_400


def test_a_certificate_that_is_not_trusted_fails_at_tls(certificates: Certificates) -> None:
    """With the reason in the words of the TLS library."""

    def serve(sock: socket.socket) -> None:
        certificates.server_context().wrap_socket(sock, server_side=True)

    with listener(serve) as port:
        found = look(f"https://127.0.0.1:{port}")
    assert found.failed_at == "tls"
    assert "unable to get local issuer certificate" in found.error


def test_each_step_that_fails_is_named() -> None:
    """A name that is none, a port that nobody listens at, a peer that hangs up or says nothing."""
    assert look("http://no-such-host.invalid").failed_at == "dns"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused = look(f"http://127.0.0.1:{port}")
    assert (refused.failed_at, refused.error) == ("tcp", "connection refused")
    with listener(lambda sock: None) as port:
        assert look(f"http://127.0.0.1:{port}").failed_at == "http"
    with listener(answering(b"SSH-2.0-x\r\n")) as port:
        assert look(f"http://127.0.0.1:{port}").failed_at == "http"


def test_a_peer_that_says_nothing_is_given_up() -> None:
    """Every step has its bound."""
    silent = threading.Event()
    with listener(lambda sock: silent.wait(10) and None) as port:
        began = time.monotonic()
        found = look(f"http://127.0.0.1:{port}", timeout_s=0.2)
        assert time.monotonic() - began < 5
        silent.set()
    assert (found.failed_at, found.error) == ("http", "no answer in time")


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver knows no bound; the try has one all the same."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: release.wait(10) and [])
    found = look("http://slow.example", timeout_s=0.1)
    release.set()
    assert (found.failed_at, found.error) == ("dns", "no answer within 0.1 s")
