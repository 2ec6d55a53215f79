"""The doctor as a command, on a folder that nothing serves, with upstreams of this machine."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from weighbridge.cli.checks.environment import BASE_URLS
from weighbridge.cli.checks.keys import GOOGLE_KEY_VARIABLES

GOOGLE_KEY = "AIzaSyTEST" + "k" * 29
_BODY = b'{"error": {"code": 403, "message": "no key", "status": "PERMISSION_DENIED"}}'
_ANSWER = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class Upstream:
    """Answers as Google does without a key, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            with sock:
                self.sent += sock.recv(65_536)
                sock.sendall(_ANSWER)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """Both upstreams, and an environment in which nothing else is set."""
    for name in (*GOOGLE_KEY_VARIABLES, *BASE_URLS, "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Upstream()
    for name in ("GEMINI", "VERTEX"):
        monkeypatch.setenv(f"WEIGHBRIDGE_GATEWAY__UPSTREAMS__{name}", made.url)
    yield made
    made.close()


def _by_check(done: Any) -> dict[str, dict[str, Any]]:
    return {one["check"]: one for one in done.json["findings"]}


def test_all_well_is_status_0(command: Any, upstream: Upstream) -> None:
    """Each upstream is asked once, without a key, and every check says what it saw."""
    done = command("doctor", "--json")
    found = _by_check(done)
    assert (done.status, done.json["ok"], done.json["failures"]) == (0, True, 0)
    assert found["upstream.gemini.http"]["level"] == "ok"
    assert found["upstream.vertex.http"]["level"] == "ok"
    assert found["gateway.running"]["level"] == "note"
    assert found["prices"]["level"] in ("ok", "warning")
    assert upstream.sent.count(b"GET ") == 2
    text = command("doctor")
    assert text.status == 0
    assert "0 failures" in text.out


def test_a_failure_is_status_1_and_says_what_to_do(
    command: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One upstream that cannot be reached fails the command; the other is still told."""
    monkeypatch.setenv("WEIGHBRIDGE_GATEWAY__UPSTREAMS__VERTEX", "http://no-such-host.invalid")
    done = command("doctor")
    assert done.status == 1
    assert "FAILURE  upstream.vertex.dns" in done.out
    assert "upstream.vertex.dns: check this machine's DNS" in done.out
    assert "upstream.gemini.http" in done.out


@pytest.mark.parametrize("upstream_url", ["http://no-such-host.invalid"])
def test_offline_asks_nobody(
    command: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, upstream_url: str
) -> None:
    """No name is resolved and no connection made."""
    monkeypatch.setenv("WEIGHBRIDGE_GATEWAY__UPSTREAMS__GEMINI", upstream_url)
    assert command("doctor", "--offline").status == 0
    assert upstream.sent == b""


def test_a_key_is_sent_only_when_that_is_asked_for(
    command: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: its form is looked at here; it goes to the Developer API alone, and is never printed."""
    monkeypatch.setenv("GOOGLE_API_KEY", GOOGLE_KEY)
    done = command("doctor", "--google-key-form", "--json")
    assert _by_check(done)["google_key.form"]["level"] == "ok"
    assert GOOGLE_KEY.encode() not in upstream.sent
    sent = command("doctor", "--send-key", "--json")
    assert upstream.sent.count(GOOGLE_KEY.encode()) == 1
    assert _by_check(sent)["upstream.gemini.http"]["level"] == "failure"
    assert sent.status == 1
    for output in (done, sent):
        assert GOOGLE_KEY not in output.out + output.err


def test_a_key_of_another_form_is_never_sent(
    command: Any, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: what may be a tracking token or a password stays here."""
    monkeypatch.setenv("GEMINI_API_KEY", "trk_test" + "t" * 28)
    assert command("doctor", "--send-key").status == 1
    assert b"trk_" not in upstream.sent


def test_a_token_is_looked_up_by_its_hash(command: Any, upstream: Upstream) -> None:
    """Known, then revoked; it is neither printed nor sent."""
    made = command("token", "create", "--name", "n", "--json").json
    look = ("doctor", "--token", made["token"], "--json")
    known = command(*look)
    assert known.status == 0
    assert made["id"] in _by_check(known)["token"]["seen"]
    command("token", "revoke", made["id"])
    revoked = command(*look)
    assert (revoked.status, _by_check(revoked)["token"]["level"]) == (1, "failure")
    unknown = command("doctor", "--token", "trk_test" + "t" * 28, "--json")
    assert "not known" in _by_check(unknown)["token"]["what"]
    for done in (known, revoked, unknown):
        assert made["token"] not in done.out + done.err
    assert made["token"].encode() not in upstream.sent


def test_looking_makes_no_folder(command: Any, upstream: Upstream, tmp_path: Any) -> None:
    """A mistyped `--data` is told and stays a name."""
    done = command("doctor", "--data", str(tmp_path / "mistyped"), "--offline", "--json")
    assert _by_check(done)["data.folder"]["level"] == "note"
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--send-key", "--offline"), ("--gateway", "127.0.0.1"), ("--timeout", "0"), ("--verbose",)],
)
def test_misuse_is_status_2(command: Any, arguments: tuple[str, ...]) -> None:
    """B2: one line says what to write instead."""
    done = command("doctor", *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1


def test_the_version_is_printed(command: Any) -> None:
    """`--version` prints it and does nothing else."""
    done = command("--version")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("weighbridge ")
