"""TLS on both sides: clients to the gateway, and the gateway to an upstream with its own CA."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from processes import Bridge, Process

from weighbridge.simulator.tls import Certificates, make_certificates

_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
_JSON = {"Content-Type": "application/json"}
_STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
_BODY = b'{"contents": [{"parts": [{"text": "hello"}]}]}'


@dataclass(frozen=True)
class SecureUpstream:
    """A simulated Gemini behind TLS, and the authority that vouches for it."""

    url: str
    plain_url: str
    ca: Path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The gateway's own certificate, of another authority than the upstream's."""
    return make_certificates(tmp_path_factory.mktemp("own"))


@contextmanager
def _simulator(folder: Path, host: str) -> Iterator[SecureUpstream]:
    listen = ("--listen", "127.0.0.1:0", "--tls-listen", f"{host}:0", "--pace", "0.02")
    command = [sys.executable, "-m", "weighbridge.simulator", *listen, "--tls-folder", str(folder)]
    with Process(command, log=folder / "simulator.log", cwd=folder) as simulator:
        fields = simulator.fields
        url = f"https://{host}:{urlsplit(fields['https']).port}"
        yield SecureUpstream(url, fields["http"].rstrip("/"), Path(fields["ca"]))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureUpstream]:
    """A simulator on TLS."""
    with _simulator(tmp_path_factory.mktemp("secure"), "127.0.0.1") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def misnamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureUpstream]:
    """Another, at an address that its certificate does not name."""
    with _simulator(tmp_path_factory.mktemp("misnamed"), "127.0.0.2") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def bridge(
    secure: SecureUpstream, own: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bridge]:
    """TLS in, TLS out."""
    folder = tmp_path_factory.mktemp("bridge")
    config = folder / "w.toml"
    config.write_text(f'[gateway]\nupstream_ca_file = "{secure.ca}"\n')
    tls = ("--tls-cert", str(own.cert_file), "--tls-key", str(own.key_file))
    with Bridge(folder, secure.url, "--config", str(config), *tls) as served:
        yield served


@pytest.fixture(scope="module")
def headers(bridge: Bridge) -> dict[str, str]:
    """A token and a Google key."""
    token = bridge.command("token", "create", "--name", "n", "--department", "tls")["token"]
    return {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTtls"} | _JSON


def test_the_ready_line_says_https(bridge: Bridge) -> None:
    """B2: scripts take the gateway's address from there."""
    assert bridge.url.startswith("https://127.0.0.1:")
    assert bridge.admin_url.startswith("http://")


def test_httpx_gets_the_same_answer_through_tls_on_both_sides(
    bridge: Bridge, secure: SecureUpstream, own: Certificates, headers: dict[str, str]
) -> None:
    """The official path by httpx, unary and streamed; the rows are whole."""
    before = len(bridge.rows(department="tls"))
    for path in (_PATH, _STREAM):
        direct = httpx.post(secure.plain_url + path, content=_BODY, headers=headers)
        with httpx.Client(verify=own.client_context()) as client:
            through = client.post(bridge.url + path, content=_BODY, headers=headers)
        assert through.status_code == 200
        assert through.content == direct.content
    rows = bridge.wait_for_rows(before + 2, department="tls")[before:]
    assert [row["outcome"] for row in rows] == ["ok", "ok"]
    assert all(row["total_tokens"] > 0 for row in rows)


def test_curl_gets_the_same_answer_through_tls(
    bridge: Bridge, secure: SecureUpstream, own: Certificates, headers: dict[str, str]
) -> None:
    """curl trusts the gateway by its authority's file, and speaks HTTP/1.1 by ALPN."""
    written = "%{stderr}%{http_code} %{http_version}"
    command = ["curl", "-sS", "--cacert", str(own.ca_file), "-w", written, "-d", _BODY.decode()]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run(
        [*command, bridge.url + _PATH], capture_output=True, timeout=30, check=True
    )
    assert done.stderr == b"200 1.1"
    direct = httpx.post(secure.plain_url + _PATH, content=_BODY, headers=headers)
    assert done.stdout == direct.content


def test_a_client_that_does_not_speak_tls_is_cut_and_others_are_served(
    bridge: Bridge, own: Certificates, headers: dict[str, str]
) -> None:
    """P7: plain HTTP, and a handshake that never comes, cost nobody else anything."""
    port = urlsplit(bridge.url).port
    silent = socket.create_connection(("127.0.0.1", port or 0), timeout=10)
    try:
        with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as plain:
            plain.sendall(b"GET /-/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            with suppress(ConnectionResetError):
                assert not plain.recv(1000).startswith(b"HTTP/")
        with httpx.Client(verify=own.client_context()) as client:
            assert (
                client.post(bridge.url + _PATH, content=_BODY, headers=headers).status_code == 200
            )
    finally:
        silent.close()


def test_a_stranger_to_the_gateways_authority_does_not_trust_it(bridge: Bridge) -> None:
    """The certificate is the one that was given."""
    with httpx.Client() as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
        client.get(f"{bridge.url}/-/healthz")


@pytest.mark.parametrize("trust", ["the system", "another authority", "another name"])
def test_an_upstream_that_is_not_trusted_is_unreachable(  # noqa: PLR0917 -- fixtures
    trust: str,
    serve: Callable[..., Bridge],
    secure: SecureUpstream,
    misnamed: SecureUpstream,
    own: Certificates,
    tmp_path: Path,
) -> None:
    """P3: authority and host name are both checked; the client gets 502, the row says why."""
    files = {"another authority": own.ca_file, "another name": misnamed.ca}
    config = tmp_path / "w.toml"
    line = f'upstream_ca_file = "{files[trust]}"\n' if trust in files else ""
    config.write_text(f"[gateway]\n{line}")
    upstream = misnamed if trust == "another name" else secure
    bridge = serve("--config", str(config), upstream_url=upstream.url)
    token = bridge.command("token", "create", "--name", "n")["token"]
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTtls"} | _JSON
    answer = httpx.post(bridge.url + _PATH, content=_BODY, headers=headers, timeout=20)
    assert answer.status_code == 502
    assert answer.headers["x-weighbridge-error"] == "UPSTREAM_UNREACHABLE"
    assert answer.json()["error"]["status"] == "UNAVAILABLE"
    (row,) = bridge.wait_for_rows(1)
    assert (row["outcome"], row["error_type"]) == ("upstream_failed", "UPSTREAM_UNREACHABLE")
    assert row["pricing_status"] == "free"
