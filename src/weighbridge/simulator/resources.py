"""Models, cached contents, batches, and every collection that has no part of its own here."""

import base64
import binascii
from typing import Any

from weighbridge.simulator.asked import parse_asked, parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.dice import fingerprint
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.models import CATALOGUE, is_served, model_named
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid, model_not_found
from weighbridge.simulator.shapes import timestamp, unary
from weighbridge.simulator.tokens import add_counts, contents_tokens

_BATCH = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"


def models(context: Context) -> Reply:
    """One model, or a page of them."""
    call = context.call
    if call.model:
        if not is_served(call.model):
            return model_not_found(call).reply(call)
        return context.reply(model_named(call.model).listed(), wait=0.02)
    listed = [model.listed() for model in CATALOGUE.values()]
    return context.reply(_page(context, "models", listed), wait=0.02)


def caches(context: Context) -> Reply:
    """Explicit caches: create, get, list, update, delete."""
    call, shelf = context.call, context.state.caches
    if context.request.method == b"POST" and not call.rest:
        return _create_cache(context)
    if not call.rest:
        return context.reply(_page(context, "cachedContents", list(shelf.values())))
    found = shelf.get(call.rest)
    if found is None:
        return NOT_FOUND.reply(call)
    if context.request.method == b"DELETE":
        del shelf[call.rest]
        return context.reply({})
    if context.request.method == b"PATCH":
        changes = parse_json(context.request.body)
        if not isinstance(changes, Problem) and "ttl" in changes:
            found["expireTime"] = _expiry(changes)
    return context.reply(found)


def batch_generate_content(context: Context) -> Reply:
    """A batch, pending; its results are there when it is first read."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    name = fingerprint(context.fingerprint.encode())[:36]
    results = _results(context, document)
    metadata = {
        "@type": _BATCH,
        "model": f"models/{context.call.model}",
        "createTime": timestamp(0),
        "updateTime": timestamp(0),
        "batchStats": {
            "requestCount": str(len(results)),
            "pendingRequestCount": str(len(results)),
        },
        "state": "BATCH_STATE_PENDING",
        "name": f"batches/{name}",
    }
    context.state.batches.put(name, (metadata, results))
    return context.reply({"name": f"batches/{name}", "metadata": metadata}, wait=0.3)


def batches(context: Context) -> Reply:
    """A finished batch with its results; `:cancel` and DELETE answer an empty object."""
    call, shelf = context.call, context.state.batches
    if not call.rest:
        listed = [_finished(*each) for each in shelf.values()]
        return context.reply(_page(context, "operations", listed))
    found = shelf.get(call.rest.partition(":")[0])
    if found is None:
        return NOT_FOUND.reply(call)
    if context.request.method == b"GET":
        return context.reply(_finished(*found))
    if context.request.method == b"DELETE":
        del shelf[call.rest]
    return context.reply({})


def other(context: Context) -> Reply:
    """A collection or method that the simulator does not play.

    It answers all the same, so that a gateway can be seen to forward what it does not know.
    """
    call = context.call
    name = f"{call.rest.partition(':')[0]}/{context.fingerprint[:12]}"
    if context.request.method in {b"GET", b"HEAD"}:
        return context.reply({call.rest.rpartition("/")[2]: []})
    return context.reply({} if context.request.method == b"DELETE" else {"name": name})


def discovery(context: Context) -> Reply:
    """The head of the discovery document."""
    version = context.call.query.get("version", "v1beta")
    return context.reply(
        {
            "kind": "discovery#restDescription",
            "name": "generativelanguage",
            "version": version,
            "id": f"generativelanguage:{version}",
            "rootUrl": "https://generativelanguage.googleapis.com/",
            "servicePath": "",
            "resources": {},
        }
    )


def _create_cache(context: Context) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    if not document.get("model"):
        return invalid("* CreateCachedContentRequest.model: unexpected model name format\n").reply(
            context.call
        )
    counts = add_counts(
        contents_tokens(document.get("systemInstruction")),
        contents_tokens(document.get("contents")),
    )
    name = context.fingerprint[:24]
    cache: Document = {
        "name": f"cachedContents/{name}",
        "model": document["model"],
        "createTime": timestamp(0),
        "updateTime": timestamp(0),
        "expireTime": _expiry(document),
    }
    if "displayName" in document:
        cache["displayName"] = document["displayName"]
    cache["usageMetadata"] = {"totalTokenCount": sum(counts.values())}
    context.state.caches.put(name, cache)
    return context.reply(cache, wait=0.4)


def _expiry(document: Document) -> str:
    ttl = str(document.get("ttl") or "3600s").removesuffix("s").partition(".")[0]
    return timestamp(min(int(ttl) if ttl.isdigit() else 3600, 86_399))


def _results(context: Context, document: Document) -> list[Document]:
    """The answers of an inlined batch, one per request."""
    found: Any = document
    for key in ("batch", "inputConfig", "requests", "requests"):
        found = found.get(key) if isinstance(found, dict) else None
    results: list[Document] = []
    for item in found if isinstance(found, list) else ():
        request = item.get("request", {}) if isinstance(item, dict) else {}
        asked = parse_asked(request, context.call)
        done = asked if isinstance(asked, Problem) else answered(context, asked)
        if isinstance(done, Problem):
            results.append(done.document())
        else:
            done.service_tier = "batch"
            results.append({"response": unary(done, vertex=False)})
    return results


def _finished(metadata: Document, results: list[Document]) -> Document:
    count = metadata["batchStats"]["requestCount"]
    stats = {"requestCount": count, "successfulRequestCount": count}
    done = metadata | {"state": "BATCH_STATE_SUCCEEDED", "batchStats": stats}
    output = {"inlinedResponses": {"inlinedResponses": results}}
    return {
        "name": metadata["name"],
        "metadata": done | {"output": output},
        "done": True,
        "response": {"@type": f"{_BATCH}Output", **output},
    }


def _page(context: Context, key: str, items: list[Document]) -> Document:
    """One page of a list, with the token of the next where there is one."""
    size = context.call.query.get("pageSize", "")
    size_asked = min(int(size), 1000) if size.isdigit() and int(size) else 50
    start = 0
    if token := context.call.query.get("pageToken"):
        try:
            start = int(base64.urlsafe_b64decode(token))
        except (ValueError, binascii.Error):
            start = len(items)
    page: Document = {key: items[start : start + size_asked]} if items[start:] else {}
    if start + size_asked < len(items):
        page["nextPageToken"] = base64.urlsafe_b64encode(str(start + size_asked).encode()).decode()
    return page
