"""Uploads in every form, of any size, and after a cut."""

import hashlib
import json
from base64 import b64decode

import pytest
from simulated import Said, Simulated

from weighbridge.simulator.app import App
from weighbridge.simulator.context import ASKED_HOST, State
from weighbridge.simulator.messages import Request
from weighbridge.simulator.plan import End
from weighbridge.simulator.uploads import KEPT_BYTES

HOST = "https://generativelanguage.googleapis.com"


def started(simulated: Simulated, path: str = "files", **headers: str) -> str:
    said = simulated.ask(
        "POST",
        f"/upload/v1beta/{path}",
        {"file": {"displayName": "a.txt"}},
        x_goog_upload_command="start",
        x_goog_upload_header_content_type="text/plain",
        **headers,
    )
    return said.headers["x-goog-upload-url"].removeprefix(HOST)


def step(simulated: Simulated, url: str, command: str, offset: int = 0, data: bytes = b"") -> Said:
    return simulated.ask(
        "POST", url, data, x_goog_upload_command=command, x_goog_upload_offset=str(offset)
    )


def test_an_upload_tells_how_far_it_is_and_goes_on_from_there() -> None:
    """S6: resumes after a cut."""
    simulated = Simulated()
    url = started(simulated)
    step(simulated, url, "upload", 0, b"hello ")
    asked = step(simulated, url, "query")
    assert asked.headers["x-goog-upload-status"] == "active"
    assert asked.headers["x-goog-upload-size-received"] == "6"
    assert step(simulated, url, "upload", 5, b"x").status == 400
    file = step(simulated, url, "upload, finalize", 6, b"world").document["file"]
    digest = hashlib.sha256(b"hello world").hexdigest()
    assert (file["sizeBytes"], b64decode(file["sha256Hash"]).decode()) == ("11", digest)
    assert step(simulated, url, "query").headers["x-goog-upload-status"] == "final"


def test_a_cut_keeps_what_had_come() -> None:
    simulated = Simulated()
    url = started(simulated, x_simulator_scenario="upload_cut")
    data = b"0123456789"
    request = Request(
        method=b"POST", target=url.encode(), headers=[(b"x-goog-upload-command", b"upload")],
        body=data, body_bytes=len(data),
    )  # fmt: skip
    assert simulated.app.answer(request) == (End(reset=True),)
    asked = step(simulated, url, "query")
    assert asked.headers["x-goog-upload-size-received"] == "5"
    file = step(simulated, url, "upload, finalize", 5, data[5:]).document["file"]
    digest = b64decode(file["sha256Hash"]).decode()
    assert digest == hashlib.sha256(data).hexdigest()


def test_an_upload_can_be_cancelled_or_lost() -> None:
    simulated = Simulated()
    url = started(simulated)
    assert step(simulated, url, "cancel").headers["x-goog-upload-status"] == "cancelled"
    assert step(simulated, url, "upload", 0, b"x").status == 404
    lost = started(simulated, x_simulator_scenario="upload_lost")
    assert step(simulated, lost, "upload", 0, b"x").status == 404


@pytest.mark.parametrize("kind", ["multipart", "simple"])
def test_an_upload_may_come_in_one_request(kind: str) -> None:
    simulated = Simulated()
    data = b"hello world"
    if kind == "multipart":
        meta = json.dumps({"file": {"displayName": "b.txt"}}).encode()
        body = (
            b"--frontier\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + meta
            + b"\r\n--frontier\r\nContent-Type: text/plain\r\n\r\n" + data + b"\r\n--frontier--\r\n"
        )  # fmt: skip
        mime, path = "multipart/related; boundary=frontier", "?uploadType=multipart"
    else:
        body, mime, path = data, "text/plain", "?uploadType=media"
    said = simulated.ask("POST", f"/upload/v1beta/files{path}", body, content_type=mime)
    file = said.document["file"]
    name = f"/v1beta/{file['name']}"
    assert (file["mimeType"], file["sizeBytes"]) == ("text/plain", "11")
    assert file.get("displayName") == ("b.txt" if kind == "multipart" else None)
    assert simulated.ask("GET", f"{name}:download?alt=media").body == data


def test_a_large_file_is_known_by_its_length_and_hash_alone() -> None:
    """Nobody holds its bytes, and it downloads as filler of its length."""
    simulated = Simulated()
    url = started(simulated)
    beginning, whole = b"x" * KEPT_BYTES, 3 * KEPT_BYTES + 1
    request = Request(
        method=b"POST",
        target=url.encode(),
        headers=[(b"x-goog-upload-command", b"upload, finalize")],
        body=beginning,
        body_bytes=whole,
        running_hash=hashlib.sha256(b"the whole"),
    )
    simulated.app.answer(request)
    (file,) = simulated.get("/v1beta/files")["files"]
    said = simulated.ask("GET", f"/v1beta/{file['name']}:download?alt=media")
    assert file["sizeBytes"] == str(whole)
    assert b64decode(file["sha256Hash"]).decode() == hashlib.sha256(b"the whole").hexdigest()
    assert len(said.body) == int(said.headers["content-length"]) == whole


def test_the_host_of_upload_urls_can_be_set() -> None:
    simulated = Simulated(App(state=State(upload_origin="http://127.0.0.1:1")))
    assert started(simulated).startswith("http://127.0.0.1:1/upload/v1beta/files?upload_id=")


def test_upload_urls_can_name_the_host_that_was_asked() -> None:
    simulated = Simulated(App(state=State(upload_origin=ASKED_HOST)))
    url = started(simulated, host="127.0.0.1:8080")
    assert url.startswith("http://127.0.0.1:8080/upload/v1beta/files?upload_id=")


def test_a_store_takes_documents_by_upload_and_from_files() -> None:
    simulated = Simulated()
    store = simulated.post("/v1beta/fileSearchStores", {"displayName": "law"})["name"]
    url = started(simulated, f"{store}:uploadToFileSearchStore")
    begun = step(simulated, url, "upload, finalize", 0, b"text").document
    done = simulated.get(f"/v1beta/{begun['name']}")
    file = simulated.ask("POST", "/upload/v1beta/files", b"more").document["file"]
    simulated.post(f"/v1beta/{store}:importFile", {"fileName": file["name"]})
    listed = simulated.get(f"/v1beta/{store}/documents")["documents"]
    assert done["response"]["documentName"] == listed[0]["name"]
    assert [each["sizeBytes"] for each in listed] == ["4", "4"]
    assert simulated.get("/v1beta/fileSearchStores")["fileSearchStores"][0]["name"] == store
    simulated.ask("DELETE", f"/v1beta/{store}?force=true")
    assert simulated.ask("GET", f"/v1beta/{store}/documents").document == {}
