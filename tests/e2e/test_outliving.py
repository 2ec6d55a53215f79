"""What outlives its call, end to end: uploads over workers and restarts, batches read by many."""

import re
import socket
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from family import children, kill
from processes import PATIENCE_S, Bridge, wait_until

from weighbridge.control.cache_storage import LATE_US, CacheStorage
from weighbridge.core.usage import Usage
from weighbridge.ledger.resources import Resources
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.storage import rate_storage

_KEY = {"x-goog-api-key": "AIzaSyTESTresources"}
_MEBIBYTE = 1024 * 1024
_START = {
    "X-Goog-Upload-Protocol": "resumable",
    "X-Goog-Upload-Command": "start",
    "X-Goog-Upload-Header-Content-Type": "text/plain",
}


def batch(*texts: str) -> dict[str, Any]:
    """A batch of prompts; the simulator names it, as it does an upload, by its content."""
    requests = [{"request": {"contents": [{"parts": [{"text": text}]}]}} for text in texts]
    return {"batch": {"inputConfig": {"requests": {"requests": requests}}}}


class Team:
    """A caller with a tracking token of its own."""

    def __init__(self, bridge: Bridge, name: str) -> None:
        made = bridge.token(name, "--department", name)
        self.url = bridge.url
        self.token_id = made["id"]
        self.headers = {"X-Weighbridge-Key": made["token"], **_KEY}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call on a connection of its own, so that any worker may take it."""
        headers = self.headers | more.pop("headers", {})
        return httpx.request(method, self.url + path, headers=headers, timeout=60, **more)

    def begin_upload(self, name: str = "f") -> str:
        """The upload URL of a new upload."""
        file = {"file": {"displayName": name}}
        started = self.call("POST", "/upload/v1beta/files", headers=_START, json=file)
        assert started.status_code == 200, started.text
        url: str = started.headers["x-goog-upload-url"]
        assert started.headers["x-goog-upload-control-url"] == url
        assert url.startswith(f"{self.url}/upload/v1beta/files?upload_id=")
        return url


def step(url: str, command: str, offset: int = 0, body: Any = b"") -> httpx.Response:
    """A step of an upload, as the Python SDK sends it: no key, no token."""
    headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
    return httpx.post(url, headers=headers, content=body, timeout=120)


@pytest.fixture
def two_workers(serve: Callable[..., Bridge]) -> Bridge:
    return serve("--workers", "2")


def test_uploads_are_known_to_all_workers_and_after_a_restart(
    upstream: str, tmp_path: Path
) -> None:
    """Begun before a restart, gone on with after it, at whichever worker: the beginner's (S6)."""
    with Bridge(tmp_path, upstream, "--workers", "2") as first:
        team = Team(first, "media")
        urls = [team.begin_upload(f"file {number}") for number in range(6)]
        assert step(urls[0], "upload, finalize", body=b"hello").status_code == 200
        listen = urlsplit(first.url).netloc
    # The same port, so that the URLs hold.
    with Bridge(tmp_path, upstream, "--workers", "2", "--listen", listen) as second:
        for url in urls[1:]:
            done = step(url, "upload, finalize", body=b"hello")
            assert (done.status_code, done.json()["file"]["sizeBytes"]) == (200, "5")
            assert done.json()["file"]["uri"].startswith("https://generativelanguage.")
        rows = second.wait_for_rows(12, operation="uploadFile")
        assert {(row["token_id"], row["department"]) for row in rows} == {(team.token_id, "media")}
        assert [row["request_bytes"] for row in rows].count(5) == 6
    secrets = [url.partition("upload_id=")[2].partition("&")[0].encode() for url in urls]
    for path in second.data.rglob("*"):
        kept = path.read_bytes() if path.is_file() else b""
        assert [secret for secret in (*secrets, b"file 3") if secret in kept] == [], path


def test_ids_that_were_never_handed_out_need_a_token(two_workers: Bridge) -> None:
    """An upload id opens its own upload, nothing else."""
    url = f"{two_workers.url}/upload/v1beta/files?upload_id=AKmadeup&upload_protocol=resumable"
    refused = step(url, "upload, finalize", body=b"hello")
    assert refused.status_code == 401
    assert refused.headers["x-weighbridge-error"] == "TRACKING_TOKEN_MISSING"


def test_upload_resumes_after_a_cut(two_workers: Bridge) -> None:
    """The connection breaks in the middle of a chunk: query, go on from there, finalize."""
    team = Team(two_workers, "media")
    url = team.begin_upload()
    assert step(url, "upload", body=b"a" * 1000).status_code == 200
    cut(url, 1000)

    def received() -> int:
        asked = step(url, "query")
        assert asked.headers["x-goog-upload-status"] == "active"
        return int(asked.headers["x-goog-upload-size-received"])

    size = wait_until(
        lambda: received() if received() >= 1000 else None, PATIENCE_S, "nothing received"
    )
    rest = b"b" * (3000 - size)
    done = step(url, "upload, finalize", size, rest)
    assert done.json()["file"]["sizeBytes"] == "3000"
    other = team.begin_upload("other")
    assert step(other, "cancel").headers["x-goog-upload-status"] == "cancelled"


def cut(url: str, offset: int) -> None:
    """Half a chunk of 2,000 bytes, and then nobody is there any more."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    head = (
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"X-Goog-Upload-Command: upload\r\nX-Goog-Upload-Offset: {offset}\r\n"
        "Content-Length: 2000\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port or 80)) as client:
        client.sendall(head.encode() + b"c" * 1000)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


@pytest.mark.slow
def test_large_upload_is_not_buffered(serve: Callable[..., Bridge]) -> None:
    """300 MB pass, and the worker grows by less than 20 MB; the row has the size."""
    bridge = serve()
    team = Team(bridge, "media")
    url = team.begin_upload()
    before = peak_bytes(bridge)

    def zeros() -> Iterator[bytes]:
        for _ in range(300):
            yield bytes(_MEBIBYTE)

    done = step(url, "upload, finalize", body=zeros())
    assert done.json()["file"]["sizeBytes"] == str(300 * _MEBIBYTE)
    assert peak_bytes(bridge) - before < 20 * _MEBIBYTE
    rows = bridge.wait_for_rows(2, operation="uploadFile")
    assert rows[1]["request_bytes"] == 300 * _MEBIBYTE


def peak_bytes(bridge: Bridge) -> int:
    """The most memory that the worker ever had."""
    worker = children(bridge.process.pid)["worker 0"]
    status = Path(f"/proc/{worker}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def test_batch_is_booked_once_whoever_reads_it(upstream: str, tmp_path: Path) -> None:
    """Three readers, three reads each, a restart between: one row, the creator's (M11)."""
    with Bridge(tmp_path, upstream, "--workers", "2") as first:
        teams = [Team(first, name) for name in ("creator", "reader", "other")]
        path = "/v1beta/models/gemini-2.5-flash:batchGenerateContent"
        name = teams[0].call("POST", path, json=batch("one", "two words")).json()["name"]
        usages = [
            answer["response"]["usageMetadata"]
            for answer in read(teams[1], name)["inlinedResponses"]["inlinedResponses"]
        ]
        listen = urlsplit(first.url).netloc
    with Bridge(tmp_path, upstream, "--workers", "2", "--listen", listen) as second:
        for team in (*teams, *teams):
            read(team, name)
        second.wait_for_rows(7, operation="getBatch")
        booked = [row for row in second.rows() if row["service_tier"] == "batch"]
        (row,) = [row for row in booked if row["input_tokens"] is not None]
        assert (row["token_id"], row["department"]) == (teams[0].token_id, "creator")
        assert (row["operation"], row["status"]) == ("batchGenerateContent", 0)
        assert row["input_tokens"] == sum(usage["promptTokenCount"] for usage in usages)
        assert row["pricing_status"] == "priced"
        costs = [row["list_cost"] for row in second.rows() if row["list_cost"]]
        assert sum(float(cost) > 0 for cost in costs) == 1


def read(team: Team, name: str) -> dict[str, Any]:
    """A batch's answers."""
    answer = team.call("GET", f"/v1beta/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["response"]
    return found


def test_settlements_survive_the_end_of_the_control_process(serve: Callable[..., Bridge]) -> None:
    """The control process is killed, a batch is read meanwhile: it is booked once it is back."""
    bridge = serve()
    team = Team(bridge, "creator")
    path = "/v1beta/models/gemini-2.5-flash:batchGenerateContent"
    names = set()
    for number in range(5):
        name = team.call("POST", path, json=batch(f"number {number}")).json()["name"]
        names.add(name)
        kill(
            wait_until(
                lambda: children(bridge.process.pid).get("control"), PATIENCE_S, "no control"
            )
        )
        read(team, name)

    def booked() -> list[dict[str, Any]]:
        rows = [row for row in bridge.rows() if row["service_tier"] == "batch"]
        return [row for row in rows if row["input_tokens"] is not None]

    def all_booked() -> bool:
        try:
            return len(booked()) >= 5
        except (httpx.HTTPError, AssertionError):
            return False

    assert len(names) == 5
    wait_until(all_booked, PATIENCE_S, "a batch was not booked")
    assert len(booked()) == 5


def test_storage_of_a_cache_is_booked_to_its_creator(upstream: str, tmp_path: Path) -> None:
    """Made, given three hours by somebody else, accrued by a clock that runs ahead: M11."""
    with Bridge(tmp_path, upstream) as first:
        creator, other = Team(first, "creator"), Team(first, "other")
        text = "a long document " * 3000
        asked = {
            "model": "models/gemini-2.5-flash",
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "ttl": "600s",
        }
        made = creator.call("POST", "/v1beta/cachedContents", json=asked).json()
        patched = other.call("PATCH", f"/v1beta/{made['name']}", json={"ttl": "10800s"})
        assert patched.status_code == 200
        first.wait_for_rows(1, operation="updateCachedContent")
    tokens = made["usageMetadata"]["totalTokenCount"]

    store = Resources.open(first.data / "resources.sqlite3")
    (cache,) = store.open_caches()
    assert cache.expires_at_us is not None
    assert cache.usage == Usage(input_tokens=tokens)
    rate = partial(rate_storage, PriceBook.load())
    booked = CacheStorage(store, rate, node=None).run_once(cache.expires_at_us + LATE_US)
    assert booked == 3  # the simulator's clock stands still, so the lifetime is three hours
    store.close()

    with Bridge(tmp_path, upstream) as second:
        rows = second.wait_for_rows(3, operation="cacheStorage")
        assert {row["department"] for row in rows} == {"creator"}
        assert {row["token_id"] for row in rows} == {creator.token_id}
        costs = sum(Decimal(row["list_cost"]) for row in rows)
        # 1.00 USD per million tokens and hour.
        assert costs == tokens * 3 * Decimal("0.000001")


def test_uploads_in_one_call(two_workers: Bridge) -> None:
    """Simple and multipart uploads are one exchange each, with their size."""
    team = Team(two_workers, "media")
    raw = {"X-Goog-Upload-Protocol": "raw", "Content-Type": "text/plain"}
    simple = team.call("POST", "/upload/v1beta/files", headers=raw, content=b"x" * 5000)
    assert simple.status_code == 200, simple.text
    body = (
        b'--cut\r\nContent-Type: application/json\r\n\r\n{"file":{"displayName":"m"}}\r\n'
        b"--cut\r\nContent-Type: text/plain\r\n\r\n" + b"y" * 7000 + b"\r\n--cut--\r\n"
    )
    parts = {
        "X-Goog-Upload-Protocol": "multipart",
        "Content-Type": "multipart/related; boundary=cut",
    }
    both = team.call("POST", "/upload/v1beta/files", headers=parts, content=body)
    assert both.status_code == 200, both.text
    rows = two_workers.wait_for_rows(2, operation="uploadFile")
    assert sorted(row["request_bytes"] for row in rows) == [5000, len(body)]
    assert {row["department"] for row in rows} == {"media"}
