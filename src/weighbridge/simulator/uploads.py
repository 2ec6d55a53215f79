"""Uploads: resumable in steps, multipart and simple in one; of any size.

Source: recorded upload of a PDF (posit-dev/chatlas); `query` and `cancel` as
documented for Google's resumable protocol. The upload URL is absolute to Google's host unless
the simulator is told otherwise: a client that trusts it leaves the gateway. The granularity is
announced and not enforced, so that tests can upload in small steps. What came of a step before
its connection broke stays, and `query` tells how much that is.
"""

import hashlib
from typing import Any

import msgspec

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import ASKED_HOST, Context, State
from weighbridge.simulator.files import make_file
from weighbridge.simulator.messages import JSON, Document, Reply
from weighbridge.simulator.multipart import parse_multipart
from weighbridge.simulator.printing import pretty
from weighbridge.simulator.problems import Problem, invalid
from weighbridge.simulator.stores import document_made

KEPT_BYTES = 4 * 1024 * 1024
_GRANULARITY = 8_388_608
_PLAIN = "text/plain; charset=utf-8"


class Upload(msgspec.Struct, kw_only=True):
    """One upload: where it goes, what its file is to be, and what has come so far.

    `content` is None once more came than is kept; `hash` covers all that came. `answer` is the
    last answer, kept for those who ask again; `breaks` says that the next step's connection is
    reset half-way.
    """

    target: str
    described: Document
    mime: str
    hash: Any = msgspec.field(default_factory=hashlib.sha256)
    size: int = 0
    content: bytes | None = b""
    answer: Document | None = None
    breaks: bool = False


def upload(context: Context) -> Reply:
    """One step of an upload: start, bytes, query, finalize or cancel."""
    steps = _steps(context)
    if "upload_id" not in context.call.query:
        return _start(context) if "start" in steps else _at_once(context)
    identity = context.call.query["upload_id"]
    found: Upload | None = context.state.uploads.get(identity)
    if found is None:
        return Reply(status=404, content_type=_PLAIN, sized=True)
    if found.answer is not None:
        return _final(identity, found)
    if "cancel" in steps:
        del context.state.uploads[identity]
        return _status(identity, "cancelled")
    if "upload" in steps:
        if found.breaks:
            found.breaks = False
            _take(context, found, context.request.body_bytes // 2)
            return Reply(reset=True)
        problem = _misplaced(context, found)
        if problem is not None:
            return problem.reply(context.call)
        _take(context, found, context.request.body_bytes)
    if "finalize" in steps:
        return _finalize(context, identity, found)
    return _status(identity, "active", found.size)


def hash_so_far(state: State, identity: str | None) -> Any:
    """The hash of what an upload holds, to go on with; a new one where it holds nothing."""
    found: Upload | None = state.uploads.get(identity or "")
    return hashlib.sha256() if found is None else found.hash.copy()


def interrupted(context: Context) -> None:
    """Keeps what came of a step whose connection broke."""
    found: Upload | None = context.state.uploads.get(context.call.query.get("upload_id", ""))
    if found is None or found.answer is not None or "upload" not in _steps(context):
        return
    if _misplaced(context, found) is None:
        _take(context, found, context.request.body_bytes)


def _steps(context: Context) -> set[str]:
    commands = (context.request.header(b"x-goog-upload-command") or b"").decode("latin-1")
    return {each.strip() for each in commands.split(",")}


def _start(context: Context) -> Reply:
    document = parse_json(context.request.body)
    described = {} if isinstance(document, Problem) else document.get("file") or document
    mime = context.request.header(b"x-goog-upload-header-content-type") or b""
    identity = f"AKhXX7{context.fingerprint}"
    made = Upload(
        target=context.call.rest,
        described=described,
        mime=mime.decode("latin-1") or str(described.get("mimeType", "application/octet-stream")),
        breaks=context.scenario.name == "upload_cut",
    )
    if context.scenario.name != "upload_lost":
        context.state.uploads.put(identity, made)
    path = f"/upload/{context.call.version}/{context.call.rest}"
    url = f"{_origin(context)}{path}?upload_id={identity}&upload_protocol=resumable"
    headers = [
        ("X-GUploader-UploadID", identity),
        ("X-Goog-Upload-Status", "active"),
        ("X-Goog-Upload-URL", url),
        ("X-Goog-Upload-Control-URL", url),
        ("X-Goog-Upload-Chunk-Granularity", str(_GRANULARITY)),
        ("X-Goog-Upload-Header-Content-Type", JSON),
    ]
    return Reply(content_type=_PLAIN, headers=headers, sized=True, duration_ms=40)


def _origin(context: Context) -> str:
    if context.state.upload_origin != ASKED_HOST:
        return context.state.upload_origin
    return "http://" + (context.request.header(b"host") or b"").decode("latin-1")


def _misplaced(context: Context, found: Upload) -> Problem | None:
    """What is wrong with the offset of a step, which must follow on what is there."""
    offset = (context.request.header(b"x-goog-upload-offset") or b"0").decode("latin-1")
    if offset.isdigit() and int(offset) == found.size:
        return None
    return invalid(f"Invalid upload offset {offset}, expected {found.size}.")


def _take(context: Context, found: Upload, size: int) -> None:
    """Adds the first bytes of a step to those that are there."""
    request, whole = context.request, size == context.request.body_bytes
    if whole and request.running_hash is not None:
        found.hash = request.running_hash
    else:
        found.hash.update(request.body[:size])
    known = len(request.body) >= size and found.content is not None
    if known and found.size + size <= KEPT_BYTES:
        found.content = (found.content or b"") + request.body[:size]
    else:
        found.content = None
    found.size += size


def _at_once(context: Context) -> Reply:
    """An upload in one request: multipart where it says so, else nothing but the bytes."""
    request = context.request
    kind = (request.header(b"content-type") or b"").decode("latin-1")
    protocol = request.header(b"x-goog-upload-protocol") or b""
    multipart = context.call.query.get("uploadType") == "multipart" or protocol == b"multipart"
    made = Upload(target=context.call.rest, described={}, mime=kind or "application/octet-stream")
    if multipart:
        parts = parse_multipart(request.body, request.body_bytes, kind)
        if parts is None:
            return invalid("Malformed multipart body.").reply(context.call)
        document = parse_json(parts.metadata)
        described = {} if isinstance(document, Problem) else document.get("file") or document
        made.described, made.mime = described, parts.mime
        made.size, made.content = parts.size, parts.content
        made.hash.update(parts.content or b"")
    else:
        _take(context, made, request.body_bytes)
    return _finalize(context, f"AKhXX7{context.fingerprint}", made)


def _finalize(context: Context, identity: str, found: Upload) -> Reply:
    described = found.described
    title = described.get("displayName") or described.get("display_name")
    if found.target != "files":
        found.answer = document_made(context, found.target.partition(":")[0], title, found.size)
        return _final(identity, found)
    name = str(described.get("name") or f"files/{identity[6:18]}").removeprefix("files/")
    file = make_file(
        context,
        name,
        mime=found.mime,
        content=found.content,
        size=found.size,
        digest=found.hash.hexdigest(),
        title=title,
    )
    found.answer = {"file": file.shown}
    return _final(identity, found)


def _final(identity: str, found: Upload) -> Reply:
    reply = _status(identity, "final")
    reply.content_type = JSON
    reply.pieces = (pretty(found.answer) + b"\n",)
    return reply


def _status(identity: str, status: str, received: int | None = None) -> Reply:
    headers = [("X-GUploader-UploadID", identity), ("X-Goog-Upload-Status", status)]
    if received is not None:
        headers.append(("X-Goog-Upload-Size-Received", str(received)))
    return Reply(content_type=_PLAIN, headers=headers, sized=True, duration_ms=40)
