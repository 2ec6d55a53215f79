"""Batches of the Developer API: generateContent and embedContent, inlined or by file.

Source: a recorded creation (posit-dev/chatlas); the finished form and the results file's name
from public fixtures of real answers. A batch is pending when it is created and shows the next
state of its course at each reading. Counterpart: `vertex_batches`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from weighbridge.simulator.asked import parse_asked, parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.course import DONE, Course
from weighbridge.simulator.dice import fingerprint
from weighbridge.simulator.embeddings import vector_answer
from weighbridge.simulator.files import make_file
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.lenient import decode
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.paging import page
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid
from weighbridge.simulator.shapes import unary
from weighbridge.simulator.vertex_batches import vertex_batches

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main."
_INVALID_ARGUMENT = 3  # google.rpc.Code
_ERRORS = {"failed": (13, "Internal error."), "expired": (4, "Batch expired."),
           "cancelled": (1, "The operation was cancelled.")}  # fmt: skip
_BAD_LINE: Document = {
    "code": _INVALID_ARGUMENT,
    "message": "Request contains an invalid argument.",
}
_NO_INPUT = invalid("* BatchGenerateContentRequest.batch.input_config: source is not specified\n")


class Batch(msgspec.Struct, kw_only=True):
    """One batch: what never changes of it, its course, its results by key."""

    name: str
    kind: str
    metadata: Document
    created: str
    course: Course
    results: list[Document]
    from_file: bool


def batch_generate_content(context: Context) -> Reply:
    """A batch of answers."""
    return _create(context, "GenerateContentBatch", _answer)


def async_batch_embed_content(context: Context) -> Reply:
    """A batch of vectors."""
    return _create(context, "EmbedContentBatch", vector_answer)


def batches(context: Context) -> Reply:
    """A batch as it stands, its cancellation, its end, or all of them."""
    call, shelf = context.call, context.state.batches
    if call.vertex:
        return vertex_batches(context)
    if not call.rest:
        listed = [_shown(context, each) for each in shelf.values()]
        return context.reply(page(context, "operations", listed))
    name, _, verb = call.rest.partition(":")
    found: Batch | None = shelf.get(name)
    if found is None:
        return NOT_FOUND.reply(call)
    if context.request.method == b"GET":
        found.course.read()
        return context.reply(_shown(context, found))
    if verb == "cancel":
        found.course.end("cancelled")
    elif context.request.method == b"DELETE":
        del shelf[name]
    return context.reply({})


def _create(
    context: Context, kind: str, run: Callable[[Context, Document], Document | Problem]
) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    batch = document.get("batch")
    batch = batch if isinstance(batch, dict) else {}
    given = batch.get("inputConfig") or batch.get("input_config") or {}
    file = given.get("fileName") or given.get("file_name")
    items = list(_lines(context, str(file)) if file else _inlined(given))
    if not items:
        return _NO_INPUT.reply(context.call)
    results = [_result(context, item, number, run) for number, item in enumerate(items)]
    name = fingerprint(context.fingerprint.encode())[:36]
    metadata: Document = {"@type": _TYPE + kind, "model": f"models/{context.call.model}"}
    if shown := batch.get("displayName") or batch.get("display_name"):
        metadata["displayName"] = shown
    if file:
        metadata["inputConfig"] = {"fileName": file}
    made = Batch(
        name=f"batches/{name}",
        kind=kind,
        metadata=metadata,
        created=context.time(),
        course=Course(states=context.scenario.course),
        results=results,
        from_file=bool(file),
    )
    context.state.batches.put(name, made)
    return context.reply(_shown(context, made), wait=0.3)


def _inlined(given: Document) -> Iterator[Document]:
    found: Any = given.get("requests")
    found = found.get("requests") if isinstance(found, dict) else None
    for item in found if isinstance(found, list) else ():
        yield item if isinstance(item, dict) else {}


def _lines(context: Context, name: str) -> Iterator[Document]:
    """The requests of a file, one JSON object a line."""
    file = context.state.files.get(name.removeprefix("files/"))
    for line in bytes(file.content).splitlines() if file is not None else ():
        if line.strip():
            try:
                found = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = {}
            yield found if isinstance(found, dict) else {}


def _result(
    context: Context,
    item: Document,
    number: int,
    run: Callable[[Context, Document], Document | Problem],
) -> Document:
    """One line of results: the answer or the error, with whatever names the request."""
    request = item.get("request")
    named = {name: item[name] for name in ("key", "metadata") if name in item}
    if not isinstance(request, dict) or (context.scenario.spoils and number % 2):
        return named | {"error": _BAD_LINE}
    done = run(context, request)
    if isinstance(done, Problem):
        return named | {"error": {"code": _INVALID_ARGUMENT, "message": done.message}}
    return {"response": done} | named


def _answer(context: Context, request: Document) -> Document | Problem:
    asked = parse_asked(request, context.call)
    if isinstance(asked, Problem):
        return asked
    seed = fingerprint(context.fingerprint.encode(), one_line(request))
    done = answered(context, asked, seed)
    if isinstance(done, Problem):
        return done
    done.service_tier = "batch"
    return unary(done, vertex=False)


def _shown(context: Context, batch: Batch) -> Document:
    """The operation, with as much as its state has to show."""
    state, now = batch.course.state, context.time()
    count, bad = len(batch.results), sum("error" in each for each in batch.results)
    stats = {"requestCount": count}
    shown: Document = {"name": batch.name}
    metadata, ended = dict(batch.metadata), {}
    if state == DONE:
        stats |= {"successfulRequestCount": count - bad, "failedRequestCount": bad}
        metadata["output"] = output = _output(context, batch)
        ended = {"done": True, "response": {"@type": f"{_TYPE}{batch.kind}Output", **output}}
    elif state in _ERRORS:
        code, message = _ERRORS[state]
        ended = {"done": True, "error": {"code": code, "message": message}}
    else:
        stats["pendingRequestCount"] = count
    metadata["createTime"] = batch.created
    if ended:
        metadata["endTime"] = now
    metadata |= {
        "updateTime": now,
        "batchStats": {name: str(number) for name, number in stats.items() if number},
        "state": f"BATCH_STATE_{state.upper()}",
        "name": batch.name,
    }
    return shown | {"metadata": metadata} | ended


def _output(context: Context, batch: Batch) -> Document:
    if not batch.from_file:
        return {"inlinedResponses": {"inlinedResponses": batch.results}}
    name = "batch-" + batch.name.removeprefix("batches/")
    if name not in context.state.files:
        content = b"".join(one_line(each) + b"\n" for each in batch.results)
        make_file(context, name, mime="application/jsonl", content=content, source="GENERATED")
    return {"responsesFile": f"files/{name}"}
