"""TLS on both sides, with certificates made for the run; nothing is trusted that should not be."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from http_reader import answers_in, requests_in
from messages import ANSWER, answer, forwarded, post
from playbook import STEP_TIMEOUT_S, one_answer

from weighbridge.simulator import tls
from weighbridge.simulator.tls import Certificates, make_certificates

BIG = b"x" * 3_000_000


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


class TlsUpstream:
    """Answers every call on every connection with `answer`, over TLS."""

    def __init__(self) -> None:
        self.port = 0
        self.got = b""
        self.answer = answer()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, context: ssl.SSLContext) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        mine = b""
        while data := await reader.read(65536):
            mine += data
            self.got += data
            if all(call.whole for call in requests_in(mine)):
                mine = b""
                writer.write(self.answer)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
async def tls_upstream(certificates: Certificates) -> AsyncIterator[TlsUpstream]:
    upstream = TlsUpstream()
    await upstream.start(certificates.server_context())
    yield upstream
    await upstream.stop()


async def call(port: int, certificates: Certificates, *requests: bytes) -> list[Any]:
    """Calls one after another on one TLS connection."""
    async with asyncio.timeout(STEP_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=certificates.client_context(), server_hostname="localhost"
        )
        got = b""
        for number, request in enumerate(requests, 1):
            writer.write(request)
            while len([one for one in answers_in(got, []) if one.whole]) < number:
                data = await reader.read(1 << 20)
                assert data, got
                got += data
        writer.transport.abort()
        await asyncio.sleep(0)
        return answers_in(got, [])


async def test_both_sides(
    make_wire: Any, certificates: Certificates, tls_upstream: TlsUpstream
) -> None:
    """Call after call passes byte for byte over TLS on both sides, on one connection each."""
    wire = await make_wire(
        server_tls=certificates.server_context(),
        upstream_tls=certificates.client_context(),
        upstream_port=tls_upstream.port,
    )
    answers = await call(wire.port, certificates, post(), post(b"again"))
    assert [one.body for one in answers] == [ANSWER, ANSWER]
    assert tls_upstream.got == forwarded() + forwarded(b"again")
    assert [row.outcome for row in await wire.rows(2)] == ["ok", "ok"]
    assert wire.worker.counters()["upstream_opened"] == 1
    assert wire.worker.counters()["upstream_reused"] == 1


async def test_large_bodies(
    make_wire: Any, certificates: Certificates, tls_upstream: TlsUpstream
) -> None:
    """Bodies larger than any buffer pass both ways, with TLS's own backpressure."""
    tls_upstream.answer = answer(BIG)
    wire = await make_wire(
        server_tls=certificates.server_context(),
        upstream_tls=certificates.client_context(),
        upstream_port=tls_upstream.port,
    )
    (only,) = await call(wire.port, certificates, post(BIG))
    assert only.body == BIG
    row = await wire.row()
    assert (row.request_bytes, row.response_bytes) == (len(BIG), len(BIG))


async def test_untrusted_upstream(make_wire: Any, tls_upstream: TlsUpstream) -> None:
    """A certificate of an unknown authority is 502, and the upstream sees no byte of the call."""
    wire = await make_wire(
        upstream_tls=ssl.create_default_context(), upstream_port=tls_upstream.port
    )
    status, headers, _ = await one_answer(wire.port, post())
    assert (status, headers["x-weighbridge-error"]) == (502, "UPSTREAM_UNREACHABLE")
    assert tls_upstream.got == b""
    row = await wire.row()
    assert (row.outcome, row.pricing_status) == ("upstream_failed", "free")


async def test_certificate_of_another_host(
    make_wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: a certificate that does not name the upstream's host is 502, though it is trusted."""
    names = "DNS:localhost, IP:127.0.0.1, IP:::1"
    monkeypatch.setattr(tls, "_CONFIG", tls._CONFIG.replace(names, "DNS:other.test"))
    other = make_certificates(tmp_path)
    upstream = TlsUpstream()
    await upstream.start(other.server_context())
    wire = await make_wire(upstream_tls=other.client_context(), upstream_port=upstream.port)
    status, headers, _ = await one_answer(wire.port, post())
    await upstream.stop()
    assert (status, headers["x-weighbridge-error"]) == (502, "UPSTREAM_UNREACHABLE")
    assert upstream.got == b""


async def test_upstream_without_tls(make_wire: Any, certificates: Certificates) -> None:
    """An upstream that speaks no TLS where TLS is due is 502, never spoken to in the clear."""
    wire = await make_wire(upstream_tls=certificates.client_context())
    wire_call = asyncio.create_task(one_answer(wire.port, post()))
    reader, writer = await wire.peer.connection(0)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    status, _, _ = await wire_call
    assert status == 502
    assert b"POST" not in await reader.read()


async def test_client_without_tls(make_wire: Any, certificates: Certificates) -> None:
    """A client that speaks in the clear to a TLS port gets no answer, and the worker goes on."""
    wire = await make_wire(server_tls=certificates.server_context())
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(post())
    async with asyncio.timeout(STEP_TIMEOUT_S):
        assert b"200" not in await reader.read()
    writer.close()
    answers = await call(wire.port, certificates, b"GET /-/healthz HTTP/1.1\r\nHost: gw\r\n\r\n")
    assert answers[0].start[1] == b"200"
    assert wire.journal.lines == []


async def test_bad_bytes_over_tls(make_wire: Any, certificates: Certificates) -> None:
    """Malformed HTTP over TLS is answered 400 and closed as in the clear."""
    wire = await make_wire(server_tls=certificates.server_context())
    answers = await call(wire.port, certificates, b"nonsense\r\n\r\n")
    assert answers[0].start[1] == b"400"
