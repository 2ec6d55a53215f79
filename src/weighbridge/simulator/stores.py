"""File search stores with their documents, tuned models, and tokens for one Live session.

Source: google-genai 3.4.0's types; the wording of Google's answers is from memory.
"""

from datetime import timedelta

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.course import Course
from weighbridge.simulator.dice import dice
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.operations import Operation
from weighbridge.simulator.paging import page
from weighbridge.simulator.problems import NOT_FOUND, Problem
from weighbridge.simulator.prose import web_safe_id

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main."
_SESSION = timedelta(minutes=30)


def stores(context: Context) -> Reply:
    """Stores and their documents: create, get, list, delete, import a file."""
    call, shelf, method = context.call, context.state.stores, context.request.method
    name, _, verb = call.rest.partition(":")
    if verb == "importFile":
        return _import(context, name)
    if method == b"POST" and name == "fileSearchStores":
        return _create(context)
    if name == "fileSearchStores" or name.endswith("/documents"):
        key = name.rpartition("/")[2]
        depth = name.count("/") + 1
        found = [
            each for n, each in shelf.items() if n.startswith(f"{name}/") and n.count("/") == depth
        ]
        return context.reply(page(context, key, found))
    if name not in shelf:
        return NOT_FOUND.reply(call)
    if method == b"DELETE":
        for each in [each for each in shelf if each == name or each.startswith(f"{name}/")]:
            del shelf[each]
        return context.reply({})
    return context.reply(shelf[name])


def document_made(context: Context, store: str, title: str | None, size: int) -> Document:
    """Adds a document to a store; gives the operation that does it, done at its first reading."""
    name = f"{store}/documents/{context.fingerprint[:12]}"
    made: Document = {"name": name} | ({"displayName": title} if title else {})
    made |= {
        "createTime": context.time(),
        "updateTime": context.time(),
        "state": "STATE_ACTIVE",
        "sizeBytes": str(size),
        "mimeType": "text/plain",
    }
    context.state.stores.put(name, made)
    operation = Operation(
        name=f"{store}/upload/operations/{context.fingerprint[:16]}",
        course=Course(states=context.scenario.course),
        response={"@type": f"{_TYPE}CustomMetadata", "parent": store, "documentName": name},
    )
    context.state.operations.put(operation.name, operation)
    return {"name": operation.name}


def tuned(context: Context) -> Reply:
    """Tuned models: create (an operation), get, list, delete."""
    call, shelf = context.call, context.state.tuned
    if context.request.method == b"POST" and not call.rest:
        document = parse_json(context.request.body)
        if isinstance(document, Problem):
            return document.reply(call)
        name = f"tunedModels/{context.fingerprint[:12]}"
        made: Document = {"name": name, "state": "ACTIVE", "createTime": context.time()}
        made |= {key: document[key] for key in ("displayName", "baseModel") if key in document}
        shelf.put(name.partition("/")[2], made)
        operation = Operation(
            name=f"{name}/operations/{context.fingerprint[:12]}",
            course=Course(states=context.scenario.course),
            response=made,
        )
        context.state.operations.put(operation.name, operation)
        return context.reply({"name": operation.name}, wait=0.3)
    if not call.rest:
        return context.reply(page(context, "tunedModels", list(shelf.values())))
    if call.rest not in shelf:
        return NOT_FOUND.reply(call)
    if context.request.method == b"DELETE":
        del shelf[call.rest]
        return context.reply({})
    return context.reply(shelf[call.rest])


def tokens(context: Context) -> Reply:
    """A token for one Live session."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    name = f"auth_tokens/{web_safe_id(dice(context.fingerprint), 24)}"
    made: Document = {"name": name}
    made["expireTime"] = document.get("expireTime") or context.time(_SESSION)
    context.state.tokens.put(name, made)
    return context.reply(made, wait=0.1)


def _create(context: Context) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    name = f"fileSearchStores/{context.fingerprint[:12]}"
    made: Document = {"name": name}
    if "displayName" in document:
        made["displayName"] = document["displayName"]
    made |= {"createTime": context.time(), "updateTime": context.time()}
    context.state.stores.put(name, made)
    return context.reply(made, wait=0.1)


def _import(context: Context, store: str) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    file = context.state.files.get(str(document.get("fileName", "")).removeprefix("files/"))
    if file is None or store not in context.state.stores:
        return NOT_FOUND.reply(context.call)
    made = document_made(context, store, file.shown.get("displayName"), file.size)
    return context.reply(made, wait=0.2)
