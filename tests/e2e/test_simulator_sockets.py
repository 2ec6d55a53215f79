"""The simulator over a socket: uploads that are cut or large, and what labels it received."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from raw_exchange import exchange, get, post

from weighbridge.simulator.context import State
from weighbridge.simulator.server import Simulator

HOST = "https://generativelanguage.googleapis.com"
VERTEX = "/v1/projects/p1/locations/europe-west1/publishers/google/models/gemini-2.5-flash"
MEGABYTE = b"weighed " * 131_072


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    made = Simulator()
    await made.start()
    yield made
    await made.close()


async def started(simulator: Simulator) -> str:
    headers = ("X-Goog-Upload-Protocol: resumable", "X-Goog-Upload-Command: start")
    answer = await exchange(simulator.port, post("/upload/v1beta/files", b"{}", *headers))
    return (answer.header(b"x-goog-upload-url") or b"").decode().removeprefix(HOST)


def step(path: str, data: bytes, command: str, offset: int) -> bytes:
    headers = (f"X-Goog-Upload-Command: {command}", f"X-Goog-Upload-Offset: {offset}")
    return post(path, data, *headers, key=False)


def held(state: State) -> int:
    """How many bytes of uploads and files the simulator holds."""
    kept = [each.content for each in (*state.uploads.values(), *state.files.values())]
    return sum(len(each or b"") for each in kept)


async def test_what_came_before_a_cut_stays(simulator: Simulator) -> None:
    """S6: the client asks how far it came, and goes on from there."""
    path = await started(simulator)
    request = step(path, b"0123456789", "upload, finalize", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    writer.write(request[:-4])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    received: bytes | None = b"0"
    while received == b"0":
        asked = await exchange(simulator.port, step(path, b"", "query", 0))
        received = asked.header(b"x-goog-upload-size-received")
    assert received == b"6"
    done = await exchange(simulator.port, step(path, b"6789", "upload, finalize", 6))
    name = json.loads(done.body)["file"]["name"]
    content = await exchange(simulator.port, get(f"/v1beta/{name}:download?alt=media"))
    assert content.body == b"0123456789"


async def test_a_large_upload_is_counted_and_not_kept(simulator: Simulator) -> None:
    path = await started(simulator)
    for number in (0, 1):
        command = "upload" if number == 0 else "upload, finalize"
        data = MEGABYTE * 8
        answer = await exchange(simulator.port, step(path, data, command, number * len(data)))
    file = json.loads(answer.body)["file"]
    assert file["sizeBytes"] == str(16 * len(MEGABYTE))
    assert held(simulator.app.state) == 0
    url = f"/v1beta/{file['name']}:download?alt=media"
    content = await exchange(simulator.port, get(url))
    assert len(content.body) == 16 * len(MEGABYTE)


async def test_the_labels_of_the_last_bodies_are_told(simulator: Simulator) -> None:
    """For tests of injection: what a body carried when it arrived."""
    contents = {"contents": [{"parts": [{"text": "x"}]}]}
    for labels in ({"team": "research"}, {"team": "research"}, {}):
        body = json.dumps(contents | {"labels": labels}).encode()
        await exchange(simulator.port, post(f"{VERTEX}:generateContent", body))
    told = json.loads((await exchange(simulator.port, get("/-/simulator/labels"))).body)
    assert [each["labels"] for each in told["labels"]] == [{"team": "research"}] * 2 + [{}]
    assert told["labels"][0]["target"] == f"{VERTEX}:generateContent"
    await exchange(simulator.port, get("/-/simulator/forget"))
    assert list(simulator.labels) == []
