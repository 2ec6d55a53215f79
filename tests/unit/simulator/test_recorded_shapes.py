"""The simulator's documents have the keys of Google's, in the order in which Google writes them.

The recorded traffic lies beside a checkout only where it was laid; elsewhere these tests have no
cases.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from weighbridge.simulator.app import App
from weighbridge.simulator.messages import Request
from weighbridge.simulator.plan import Send

RECORDED = Path(__file__).parents[3].parent / "shared" / "recorded" / "gemini"
# Files whose bodies are Google's own bytes; the others were sorted by their recorder.
BYTE_EXACT = (
    "simonw_llm-gemini",
    "posit-dev_chatlas",
    "open-telemetry_opentelemetry-python-contrib",
    "traceloop_openllmetry",
)
# Keys that no byte-exact recording shows; from the SDKs' types.
NOT_RECORDED = {
    "usageMetadata.cachedContentTokenCount", "usageMetadata.cacheTokensDetails",
    "candidates.content.parts.inlineData",
}  # fmt: skip
OPAQUE = {"args", "searchEntryPoint", "groundingChunks", "groundingSupports"}
Shape = tuple[str, ...]


def recorded() -> list[dict[str, Any]]:
    rows = []
    for name in BYTE_EXACT:
        path = RECORDED / f"{name}.jsonl"
        if path.exists():
            rows += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["status"] == 200]


def documents(body: str) -> list[Any]:
    if body.startswith("data: "):
        return [json.loads(event[6:]) for event in body.split("\r\n\r\n") if event]
    parsed = json.loads(body)
    return parsed if isinstance(parsed, list) else [parsed]


def shapes(value: Any, path: str = "") -> set[tuple[str, Shape]]:
    """Every object of a document: where it stands, and its keys in order."""
    if isinstance(value, list):
        return {shape for each in value for shape in shapes(each, path)}
    if not isinstance(value, dict):
        return set()
    found = {(path, tuple(value))}
    for key, inner in value.items():
        if key not in OPAQUE:
            found |= shapes(inner, f"{path}.{key}".lstrip("."))
    return found


def request_of(row: dict[str, Any]) -> Request:
    body = (row["request_body"] or "").encode()
    return Request(
        method=row["method"].encode(),
        target=row["url_path"].encode(),
        headers=[(b"x-goog-api-key", b"AIzaSyTEST1")],
        body=body,
        body_bytes=len(body),
    )


def simulated(row: dict[str, Any]) -> tuple[bytes, bytes]:
    """Head and body of our answer to a recorded request."""
    (step,) = App().answer(request_of(row))
    assert isinstance(step, Send)
    head, _, rest = step.data.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return head, body


def generating() -> list[Any]:
    return [
        pytest.param(row, id=f"{n}-{row['url_path'][-40:]}")
        for n, row in enumerate(recorded())
        if "enerateContent" in row["url_path"] and "batch" not in row["url_path"]
    ]


@pytest.fixture(scope="module")
def known() -> tuple[set[str], set[tuple[str, str, str]]]:
    """Every recorded key by its path, and every order of two keys that stand side by side."""
    keys: set[str] = set()
    orders: set[tuple[str, str, str]] = set()
    for row in recorded():
        if "enerateContent" not in row["url_path"]:
            continue
        for path, names in (s for d in documents(row["response_body"]) for s in shapes(d)):
            keys |= {f"{path}.{name}".lstrip(".") for name in names}
            for at, name in enumerate(names):
                surface = "vertex" if "/projects/" in row["url_path"] else "developer"
                orders |= {(f"{surface} {path}", name, after) for after in names[at + 1 :]}
    return keys, orders


@pytest.mark.parametrize("row", generating())
def test_keys_are_googles_and_in_its_order(
    row: dict[str, Any], known: tuple[set[str], set[tuple[str, str, str]]]
) -> None:
    keys, orders = known
    head, body = simulated(row)
    assert head.startswith(b"HTTP/1.1 200 OK")
    surface = "vertex" if "/projects/" in row["url_path"] else "developer"
    for path, names in (shape for each in documents(body.decode()) for shape in shapes(each)):
        ours = {f"{path}.{name}".lstrip(".") for name in names}
        assert ours - keys <= NOT_RECORDED
        where = f"{surface} {path}"
        for first, second in pairwise(names):
            contradicted = (where, second, first) in orders
            assert (where, first, second) in orders or not contradicted


@pytest.mark.parametrize("row", generating())
def test_framing_and_printing_are_googles(row: dict[str, Any]) -> None:
    head, body = simulated(row)
    real = row["response_body"].encode()
    kind = row["response_headers"]["content-type"]
    assert f"Content-Type: {kind}\r\n".encode() in head
    assert body[:12] == real[:12]
    assert body[-3:].rstrip(b"\n") == real[-3:].rstrip(b"\n")
    if real.startswith(b"[") or "/projects/" not in row["url_path"]:
        assert body.endswith(b"\n") == real.endswith(b"\n")


def others() -> list[Any]:
    return [
        pytest.param(row, id=f"{row['method']}-{row['url_path'][:40]}")
        for row in recorded()
        if row["url_path"].partition("?")[0] == "/v1beta/models"
        or row["url_path"].endswith((":countTokens", ":batchEmbedContents"))
    ]


@pytest.mark.parametrize("row", others())
def test_other_operations_have_googles_keys(row: dict[str, Any]) -> None:
    ours, theirs = json.loads(simulated(row)[1]), json.loads(row["response_body"])
    assert [key for key in theirs if key in ours] == [key for key in ours if key in theirs]
    assert set(ours) - set(theirs) <= {"usageMetadata"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id="start")
        for row in recorded()
        if row["url_path"] == "/upload/v1beta/files"
    ],
)
def test_an_upload_starts_with_googles_headers_and_no_body(row: dict[str, Any]) -> None:
    request = request_of(row)
    request.headers.append((b"X-Goog-Upload-Command", b"start"))
    (step,) = App().answer(request)
    assert isinstance(step, Send)
    head, _, body = step.data.decode().partition("\r\n\r\n")
    ours = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:]}
    theirs = set(row["response_headers"])
    usual = {"vary", "x-xss-protection", "x-frame-options", "x-content-type-options"}
    assert body == row["response_body"] == ""
    assert ours - theirs <= usual | {"server-timing"}
    assert {name for name in ours if name.startswith("x-goog-upload")} <= theirs
