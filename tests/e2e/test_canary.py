"""P1: unique canaries go through every path there is; afterwards everything written is searched.

Paths: answered, streamed, compressed, upstream errors that quote the call, refused, malformed on
either side, timed out, cut, abandoned, killed. Places: the data folder with its run folder,
journal and both databases, logs at level debug, metrics, the admin API, commands, and every
answer that the gateway made itself.
"""

import asyncio
import gzip
import json
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from canaries import Hunt, files_of, tables_of
from family import children
from processes import Bridge, wait_until, weighbridge
from raw_exchange import RawAnswer, eventually, exchange
from scripted_upstream import CLOSE, ScriptedUpstream, Seen, Step, chunked, json_answer

MODEL = "/v1beta/models/gemini-2.5-flash"
SEEN = "visible-department-3c1e"  # the control: it may be stored, so the search has to find it
SECRETS = {
    "prompt": "canary prompt 5e0c7a: the merger closes on Friday",
    "answer": "canary answer 91b2d4: buy before Thursday",
    "file name": "canary-file-name-77aa31.pdf",
    "key in header": "AIzaSyTESTcanaryHeader00000000000000001",
    "key in query": "AIzaSyTESTcanaryQuery000000000000000002",
    "key as bearer": "ya29.TESTcanaryBearer000000000000000003",
    "unknown token": "trk_testcanaryUnknown00000000000004",
    "error message": "canary error 4410ff: quota of project secret-plans",
    "answer header": "canary-answer-header-20b6c8",
}
CONFIG = """
[log]
level = "debug"
format = "json"
[gateway]
upstream_first_byte_timeout_s = 3
upstream_idle_timeout_s = 3
client_header_timeout_s = 3
"""


def _answer_text(**more: object) -> bytes:
    """An answer that quotes the canaries wherever text can stand."""
    answer = {
        "candidates": [
            {
                "content": {"parts": [{"text": f"{SECRETS['answer']} {SECRETS['prompt']}"}]},
                "finishReason": SECRETS["answer"],
                "groundingMetadata": {"webSearchQueries": [SECRETS["prompt"]]},
            }
        ],
        "promptFeedback": {"blockReason": SECRETS["answer"]},
        "modelVersion": SECRETS["answer"],
        "responseId": SECRETS["answer"],
        "usageMetadata": {
            "promptTokenCount": 7,
            "totalTokenCount": 9,
            "candidatesTokenCount": 2,
            "serviceTier": SECRETS["answer"],
            "promptTokensDetails": [{"modality": SECRETS["answer"], "tokenCount": 7}],
        },
    }
    return json.dumps(answer | more).encode()


def _error_text(code: int) -> bytes:
    message = f"{SECRETS['error message']}; API key {SECRETS['key in header']}"
    error = {"code": code, "message": message, "status": SECRETS["error message"]}
    return json.dumps({"error": error | {"details": [{"reason": message}]}}).encode()


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nX-Answer: " + SECRETS["answer header"].encode()
_HEAD += b"\r\n"
_SSE = b"data: " + _answer_text() + b"\r\n\r\n"
_NEVER = threading.Event()


def _stream(piece: bytes) -> list[Step]:
    return list(chunked(_HEAD % b"text/event-stream", piece, 61))


_QUOTING = f"X-Answer: {SECRETS['answer header']}"
_PARTS = _stream(_SSE * 3)[:5]
_ANSWERS: dict[str, list[Step]] = {
    "": [json_answer(_answer_text(), _QUOTING)],
    "stream": _stream(_SSE * 3),
    "gzip": [json_answer(gzip.compress(_answer_text()), _QUOTING, "Content-Encoding: gzip")],
    "broken gzip": [json_answer(_answer_text(), _QUOTING, "Content-Encoding: gzip")],
    "no json": [json_answer(_answer_text()[:-9], _QUOTING)],
    "error in stream": _stream(_SSE + b"data: " + _error_text(503) + b"\r\n\r\n"),
    **{
        code: [json_answer(_error_text(int(code)), _QUOTING, status=f"{code} {SECRETS['answer']}")]
        for code in ("400", "429", "503")
    },
    "no http": [f"HTTP/1.1 {SECRETS['error message']}\r\n\r\n".encode(), CLOSE],
    "hang": [_NEVER],
    "cut": [*_PARTS, CLOSE],
    "stall": [*_PARTS, _NEVER],
    "close": [CLOSE],
}


def _script(seen: Seen) -> Iterable[Step]:
    """The answer that the header `X-Do` names."""
    return _ANSWERS[(seen.header(b"x-do") or b"").decode()]


@dataclass
class Calls:
    """Makes calls that carry canaries; keeps the answers that the gateway made itself."""

    port: int
    token: str
    answers: dict[str, RawAnswer] = field(default_factory=dict)

    def post(
        self, target: str, *lines: str, do: str = "", token: str | None = None, body: bytes = b""
    ) -> bytes:
        """A call's bytes: canaries in the body, in a file name, in all three key places."""
        text = {"contents": [{"parts": [{"text": SECRETS["prompt"]}]}]}
        body = body or json.dumps(text | {"fileName": SECRETS["file name"]}).encode()
        joint = "&" if "?" in target else "?"
        head = [
            f"POST {target}{joint}key={SECRETS['key in query']} HTTP/1.1",
            "Host: gateway.test",
            "Content-Type: application/json",
            f"x-goog-api-key: {SECRETS['key in header']}",
            f"Authorization: Bearer {SECRETS['key as bearer']}",
            f"X-Goog-Upload-File-Name: {SECRETS['file name']}",
            f"X-Do: {do}",
            f"Content-Length: {len(body)}",
            *lines,
        ]
        if token != "":
            head.append(f"X-Weighbridge-Key: {token or self.token}")
        return "\r\n".join([*head, "", ""]).encode() + body

    async def send(self, name: str, *pieces: bytes, patience_s: float = 60) -> RawAnswer:
        """Sends a call and notes what came."""
        answer = await exchange(self.port, *pieces, silent_after_s=patience_s)
        self.answers[name] = answer
        return answer

    async def all(self) -> None:
        """Every path, several at once."""
        unary, sse = f"{MODEL}:generateContent", f"{MODEL}:streamGenerateContent?alt=sse"
        await self.send("first", self.post(unary))  # the next of the same head is known
        await asyncio.gather(
            *(
                self.send(do or "ok", self.post(sse if _PARTS[0] in steps else unary, do=do))
                for do, steps in _ANSWERS.items()
            ),
            *(self.send(name, request) for name, request in self._refused(unary)),
            *(self.send(name, request) for name, request in self._malformed(unary)),
            self._abandoned(sse),
        )

    def _refused(self, unary: str) -> Iterator[tuple[str, bytes]]:
        """Calls that never reach the upstream."""
        swapped = SECRETS["key in header"]
        yield "no token", self.post(unary, token="")
        yield "unknown token", self.post(unary, token=SECRETS["unknown token"])
        yield "keys swapped", self.post(unary, token=swapped)
        yield "mistaken header", self.post(unary, f"X-Cloudidr-Token: {self.token}", token="")
        yield "token as key", self.post(f"{unary}?key={self.token}")
        yield "token as bearer", self.post(unary, f"Authorization: Bearer {self.token}")
        yield "labels", self.post(unary, "X-Weighbridge-Labels: Not A Key=x")
        yield "no route", self.post(f"/nowhere/{SECRETS['file name']}")
        yield "prefix", self.post(f"/-/{self.token}/nowhere/{SECRETS['file name']}", token="")
        yield "bad prefix", self.post(f"/-/{SECRETS['unknown token']}/x{unary}", token="")
        yield (
            "location",
            self.post("/v1/projects/p/locations/no.where/publishers/google/models/m:do"),
        )
        yield "file", self.post(f"/v1beta/files/{SECRETS['file name']}")
        yield "upload", self.post("/upload/v1beta/files", body=SECRETS["prompt"].encode())
        yield "unknown method", self.post(f"/v1beta/things/{SECRETS['file name']}:do")

    def _malformed(self, unary: str) -> Iterator[tuple[str, bytes]]:
        """What is no HTTP, or too much of it."""
        whole = self.post(unary)
        yield "bare LF", whole.replace(b"\r\n", b"\n")
        yield (
            "two lengths",
            whole.replace(b"Content-Length", b"Content-Length: 1\r\nContent-Length"),
        )
        yield "long target", self.post(f"{unary}?{SECRETS['prompt'].replace(' ', '+') * 900}")
        yield "long head", self.post(unary, f"X-Long: {SECRETS['prompt'] * 3000}")
        yield "bad chunk", whole.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nX-L")
        yield "half a head", whole[:200]

    async def _abandoned(self, sse: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.post(sse, do="stall"))
        await reader.read(64)
        writer.close()

    def made_by_us(self) -> Iterator[tuple[str, bytes]]:
        """Answers of the gateway's own, heads included."""
        for name, answer in self.answers.items():
            if answer.header(b"x-weighbridge-error") is not None:
                lines = b"\r\n".join(b": ".join(each) for each in answer.headers)
                yield f"the answer to {name!r}", lines + answer.body


def test_no_canary_is_found_anywhere(
    serve: Callable[..., Bridge], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1, P2: no hit in store, journal, logs, metrics, error answers, API, commands."""
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    (tmp_path / "w.toml").write_text(CONFIG)
    with ScriptedUpstream(_script) as upstream:
        bridge = serve("--config", str(tmp_path / "w.toml"), upstream_url=upstream.url)
        token = bridge.command("token", "create", "--name", "n", "--department", SEEN)["token"]
        hunt = Hunt(SECRETS | {"token": token}, hashed=["token"])
        control = Hunt({"department": SEEN})
        port = urlsplit(bridge.url).port
        assert port is not None
        calls = Calls(port, token)
        found: list[str] = []

        # The control process stands still, so that all rows are still in the journal.
        family = children(bridge.process.pid)
        os.kill(family["control"], signal.SIGSTOP)
        try:
            asyncio.run(calls.all())
            _kill_in_flight(bridge, calls, upstream)
            found += hunt.hits(files_of(bridge.data))
            assert control.hits(files_of(bridge.data / "journal"))
            assert control.hits(files_of(bridge.data / "run"))
        finally:
            os.kill(family["control"], signal.SIGCONT)

        statuses = {name: answer.status for name, answer in calls.answers.items()}
        own = dict(calls.made_by_us())
        assert len(own) >= 15, statuses
        found += hunt.hits(own.items())
        bridge.wait_for_rows(_rows_of(calls))
        outputs = dict(_outputs(bridge))
        found += hunt.hits(outputs.items())
        for place, data in outputs.items():
            assert SEEN.encode() in data or place in _WITHOUT_DEPARTMENT, place
        bridge.process.send(signal.SIGTERM)
        assert bridge.process.wait() == 0
    found += hunt.hits(files_of(bridge.data))
    tables = dict(tables_of(bridge.data))
    found += hunt.hits(tables.items())
    assert SEEN.encode() in tables["table exchange_rows"]
    assert SEEN.encode() in tables["control database"]
    log = (tmp_path / "serve.log").read_bytes()
    assert b'"level": "warning"' in log
    found += hunt.hits([("the log", log)])
    assert not found, "\n".join(found)
    assert _seen_upstream(upstream), "the canaries did not pass at all"


def _kill_in_flight(bridge: Bridge, calls: Calls, upstream: ScriptedUpstream) -> None:
    """A worker dies while a call waits and another streams."""
    asked = len(upstream.seen)
    before = children(bridge.process.pid)["worker 0"]
    requests = [calls.post(f"{MODEL}:generateContent", do=do) for do in ("hang", "stall")]

    async def run() -> None:
        under_way = [asyncio.create_task(exchange(calls.port, each)) for each in requests]
        await eventually(lambda: len(upstream.seen) == asked + 2)
        os.kill(before, signal.SIGSEGV)
        for answer in await asyncio.gather(*under_way):
            assert answer.ended in {"closed", "reset"}

    asyncio.run(run())
    wait_until(
        lambda: children(bridge.process.pid).get("worker 0", before) != before, 10, "no restart"
    )


def _rows_of(calls: Calls) -> int:
    """How many exchanges began: those with an id, the abandoned one, and the two killed."""
    with_id = [a for a in calls.answers.values() if a.header(b"x-weighbridge-id")]
    return len(with_id) + 3


_NO_ID = "01890000-0000-7000-8000-000000000000"
_WITHOUT_DEPARTMENT = {"metrics", "keys", "openapi", "models", "no such row", "bad query"}


def _outputs(bridge: Bridge) -> Iterator[tuple[str, bytes]]:
    """What can be asked of a running gateway."""
    get, quoted = bridge.admin.get, SECRETS["prompt"]
    rows = get("/api/v1/exchanges", params={"limit": "500"})
    yield "exchanges", rows.content
    for row in rows.json()["exchanges"]:
        if row["department"] == SEEN:
            yield row["exchange_id"], get(f"/api/v1/exchanges/{row['exchange_id']}").content
    yield "tokens", get("/api/v1/tokens").content
    yield "keys", get("/api/v1/keys").content
    yield "models", get("/api/v1/models").content
    yield "openapi", get("/api/openapi.json").content
    yield "metrics", get("/metrics").content
    yield "no such row", get(f"/api/v1/exchanges/{_NO_ID}").content
    every = ["department", "model", "model_version", "error_type", "finish_reason", "block_reason"]
    query = {"group_by": every, "metrics": ["cost", "exchanges"]}
    yield "query", bridge.admin.post("/api/v1/query", json=query).content
    bad = bridge.admin.post("/api/v1/query", json=query | {"filters": {"model": [quoted]}})
    yield "bad query", bad.content
    for command in (
        ("report", "--by", ",".join(every)),
        ("tail", "--no-follow"),
        ("token", "list"),
    ):
        done = subprocess.run(
            weighbridge(*command, "--data", str(bridge.data), "--json"),
            capture_output=True,
            timeout=60,
            check=True,
        )
        yield " ".join(command), done.stdout + done.stderr


def _seen_upstream(upstream: ScriptedUpstream) -> bool:
    """Whether the canaries of a call reached the upstream as they were."""
    return any(
        SECRETS["prompt"].encode() in seen.body
        and SECRETS["key in query"].encode() in seen.target
        and seen.header(b"x-goog-api-key") == SECRETS["key in header"].encode()
        for seen in upstream.seen
    )


def test_a_crash_leaves_no_core_dump(bridge: Bridge) -> None:
    """P1: memory holds keys and bodies, so no process of ours may be dumped to a file."""
    for pid in [bridge.process.pid, *children(bridge.process.pid).values()]:
        soft, _ = resource.prlimit(pid, resource.RLIMIT_CORE)
        assert soft == 0, Path(f"/proc/{pid}/cmdline").read_bytes()
