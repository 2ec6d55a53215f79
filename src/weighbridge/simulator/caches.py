"""Explicit caches: create, get, list, change when they expire, delete; on both APIs.

Source: google-genai 3.4.0's types and aiplatform's discovery (Vertex counts characters,
pictures and seconds as well); the name of a Vertex cache is a number.
"""

from datetime import timedelta

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.moments import duration_of, moment_of, text_of
from weighbridge.simulator.paging import page
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid
from weighbridge.simulator.tokens import add_counts, contents_tokens

_USUAL_TTL = timedelta(hours=1)
_NO_MODEL = invalid("* CreateCachedContentRequest.model: unexpected model name format\n")
_NO_EXPIRY = invalid("CachedContent can only be updated with ttl or expireTime.")


def caches(context: Context) -> Reply:
    """Whatever is asked of caches."""
    call, shelf = context.call, context.state.caches
    if not call.rest:
        if context.request.method == b"POST":
            return _create(context)
        alive = [each for name in list(shelf) if (each := living_cache(context, name))]
        return context.reply(page(context, "cachedContents", alive))
    found = living_cache(context, call.rest)
    if found is None:
        return NOT_FOUND.reply(call)
    if context.request.method == b"DELETE":
        del shelf[call.rest]
        return context.reply({})
    if context.request.method == b"PATCH":
        return _change(context, found)
    return context.reply(found)


def living_cache(context: Context, name: str) -> Document | None:
    """A cache that has not expired, by its full name or the last part of it."""
    last = name.rpartition("/")[2]
    found: Document | None = context.state.caches.get(last)
    if found is None:
        return None
    expiry = moment_of(found["expireTime"])
    if expiry is not None and expiry <= context.state.clock():
        del context.state.caches[last]
        return None
    return found


def _create(context: Context) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    if not document.get("model"):
        return _NO_MODEL.reply(context.call)
    call = context.call
    name = context.fingerprint[:24]
    folder = ""
    if call.vertex:
        name = str(int(name[:14], 16))
        folder = f"projects/{call.project}/locations/{call.location}/"
    cache: Document = {
        "name": f"{folder}cachedContents/{name}",
        "model": document["model"],
        "createTime": context.time(),
        "updateTime": context.time(),
        "expireTime": _expiry(context, document),
    }
    if "displayName" in document:
        cache["displayName"] = document["displayName"]
    cache["usageMetadata"] = _usage(document, vertex=call.vertex)
    context.state.caches.put(name, cache)
    return context.reply(cache, wait=0.4)


def _change(context: Context, found: Document) -> Reply:
    changes = parse_json(context.request.body)
    if isinstance(changes, Problem):
        return changes.reply(context.call)
    if not {"ttl", "expireTime"} & set(changes):
        return _NO_EXPIRY.reply(context.call)
    found["updateTime"] = context.time()
    found["expireTime"] = _expiry(context, changes)
    return context.reply(found)


def _expiry(context: Context, document: Document) -> str:
    """When a cache ends: at a given time, or after a given or the usual while from now."""
    if (moment := moment_of(document.get("expireTime"))) is not None:
        return text_of(moment)
    return context.time(duration_of(document.get("ttl")) or _USUAL_TTL)


def _usage(document: Document, *, vertex: bool) -> Document:
    counts = add_counts(
        contents_tokens(document.get("systemInstruction")),
        contents_tokens(document.get("contents")),
    )
    usage: Document = {"totalTokenCount": sum(counts.values())}
    if vertex:
        extra = {
            "textCount": counts.get("TEXT", 0) * 4,
            "imageCount": counts.get("IMAGE", 0) // 258,
            "videoDurationSeconds": counts.get("VIDEO", 0) // 263,
            "audioDurationSeconds": counts.get("AUDIO", 0) // 32,
        }
        usage |= {name: count for name, count in extra.items() if count}
    return usage
