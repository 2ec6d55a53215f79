"""Files and their resumable upload.

Source: recorded upload of a PDF (posit-dev/chatlas); gemini.md 1.2. The upload URL is absolute
to Google's host, as the real one is: a client that trusts it leaves the gateway.
"""

import base64
import hashlib
from typing import Any

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.printing import pretty
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid
from weighbridge.simulator.shapes import timestamp

_HOST = "https://generativelanguage.googleapis.com"
_GRANULARITY = 8_388_608


def upload(context: Context) -> Reply:
    """One step of an upload: start, bytes, query, finalize or cancel."""
    commands = (context.request.header(b"x-goog-upload-command") or b"").decode("latin-1")
    steps = {each.strip() for each in commands.split(",")}
    if "upload_id" not in context.call.query:
        return _start(context) if "start" in steps else _at_once(context)
    identity = context.call.query["upload_id"]
    session = context.state.uploads.get(identity)
    if session is None:
        return Reply(status=404, content_type="text/plain; charset=utf-8", sized=True)
    if "cancel" in steps:
        del context.state.uploads[identity]
        return _status(identity, "cancelled")
    if "upload" in steps:
        problem = _take(context, session)
        if problem is not None:
            return problem.reply(context.call)
    if "finalize" in steps:
        return _finalize(context, identity, session)
    return _status(identity, "active", session["size"])


def files(context: Context) -> Reply:
    """Uploaded files: get, list, delete."""
    call, shelf = context.call, context.state.files
    if not call.rest:
        listed = [each["file"] for each in reversed(shelf.values())]
        return context.reply({"files": listed} if listed else {})
    found = shelf.get(call.rest)
    if found is None:
        return NOT_FOUND.reply(call)
    if context.request.method == b"DELETE":
        del shelf[call.rest]
        return context.reply({})
    return context.reply(found["file"])


def download(context: Context) -> Reply:
    """The bytes of a file, where they were small enough to keep."""
    found = context.state.files.get(context.call.rest)
    if found is None:
        return NOT_FOUND.reply(context.call)
    kind = found["file"]["mimeType"]
    return Reply(content_type=kind, pieces=(found["content"],), sized=True)


def _start(context: Context) -> Reply:
    document = parse_json(context.request.body)
    described = {} if isinstance(document, Problem) else document.get("file") or {}
    mime = context.request.header(b"x-goog-upload-header-content-type") or b""
    identity = f"AKhXX7{context.fingerprint}"
    session = {
        "described": described,
        "mime": mime.decode("latin-1") or described.get("mimeType", "application/octet-stream"),
        "size": 0,
        "hash": hashlib.sha256(),
        "content": b"",
    }
    context.state.uploads.put(identity, session)
    path = f"/upload/{context.call.version}/files"
    url = f"{_HOST}{path}?upload_id={identity}&upload_protocol=resumable"
    headers = [
        ("X-GUploader-UploadID", identity),
        ("X-Goog-Upload-Status", "active"),
        ("X-Goog-Upload-URL", url),
        ("X-Goog-Upload-Control-URL", url),
        ("X-Goog-Upload-Chunk-Granularity", str(_GRANULARITY)),
        ("X-Goog-Upload-Header-Content-Type", "application/json; charset=UTF-8"),
    ]
    kind = "text/plain; charset=utf-8"
    return Reply(content_type=kind, headers=headers, sized=True, duration_ms=40)


def _take(context: Context, session: dict[str, Any]) -> Problem | None:
    """Adds the bytes of one step, if they follow on those that are there."""
    offset = (context.request.header(b"x-goog-upload-offset") or b"0").decode("latin-1")
    if not offset.isdigit() or int(offset) != session["size"]:
        return invalid(f"Invalid upload offset {offset}, expected {session['size']}.")
    session["size"] += context.request.body_bytes
    if context.request.body or not context.request.body_bytes:
        session["hash"].update(context.request.body)
        session["content"] += context.request.body
    else:
        session["digest"] = context.request.body_sha256
    return None


def _finalize(context: Context, identity: str, session: dict[str, Any]) -> Reply:
    context.state.uploads.pop(identity, None)
    digest = session.get("digest") or session["hash"].hexdigest()
    return _finished(context, identity, session, digest)


def _at_once(context: Context) -> Reply:
    """An upload in one request, of the multipart protocol."""
    session = {
        "described": {},
        "mime": "application/octet-stream",
        "size": context.request.body_bytes,
        "content": context.request.body,
    }
    digest = hashlib.sha256(context.request.body).hexdigest()
    return _finished(context, f"AKhXX7{context.fingerprint}", session, digest)


def _finished(context: Context, identity: str, session: dict[str, Any], digest: str) -> Reply:
    described = session["described"]
    name = str(described.get("name") or f"files/{identity[6:18]}").removeprefix("files/")
    file: Document = {"name": f"files/{name}"}
    if shown := described.get("displayName") or described.get("display_name"):
        file["displayName"] = shown
    file |= {
        "mimeType": session["mime"],
        "sizeBytes": str(session["size"]),
        "createTime": timestamp(0),
        "updateTime": timestamp(0),
        "expirationTime": timestamp(86_399),
        "sha256Hash": base64.b64encode(digest.encode()).decode(),
        "uri": f"{_HOST}/{context.call.version}/files/{name}",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    context.state.files.put(name, {"file": file, "content": session["content"]})
    reply = _status(identity, "final")
    reply.content_type = "application/json; charset=UTF-8"
    reply.pieces = (pretty({"file": file}) + b"\n",)
    return reply


def _status(identity: str, status: str, received: int | None = None) -> Reply:
    headers = [("X-GUploader-UploadID", identity), ("X-Goog-Upload-Status", status)]
    if received is not None:
        headers.append(("X-Goog-Upload-Size-Received", str(received)))
    kind = "text/plain; charset=utf-8"
    return Reply(content_type=kind, headers=headers, sized=True, duration_ms=40)
