"""generateContent, streamGenerateContent, countTokens and computeTokens."""

import base64

from weighbridge.simulator.asked import Asked, parse_asked, parse_json
from weighbridge.simulator.caches import living_cache
from weighbridge.simulator.context import Context
from weighbridge.simulator.generation import Generation, generate
from weighbridge.simulator.messages import JSON, SSE, Document, Reply
from weighbridge.simulator.models import Model, model_named
from weighbridge.simulator.printing import array_pieces, event, pretty
from weighbridge.simulator.problems import UNAVAILABLE, Problem
from weighbridge.simulator.shapes import chunks, unary
from weighbridge.simulator.tokens import add_counts, contents_tokens

_CACHE_MISSING = Problem(403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)")


def generate_content(context: Context) -> Reply:
    """A whole answer in one body."""
    done = _generation(context)
    if isinstance(done, Problem):
        return done.reply(context.call)
    document = _rewritten(context, [unary(done, vertex=context.call.vertex)])[0]
    reply = context.reply(document, wait=_seconds(context, done))
    if not context.call.vertex:
        reply.headers = [("X-Gemini-Service-Tier", done.service_tier)]
    return reply


def stream_generate_content(context: Context) -> Reply:
    """An answer in chunks: events with `alt=sse`, else the elements of a JSON array."""
    call = context.call
    done = _generation(context)
    if isinstance(done, Problem):
        return done.reply(call)
    documents = _rewritten(context, chunks(done, vertex=call.vertex))
    waits = _paced(model_named(call.model), done, len(documents))
    error = UNAVAILABLE.document(vertex=call.vertex)
    breaks = context.scenario.breaks
    if breaks is not None:
        documents = documents[: max(1, len(documents) // 2)]
    shown = [context.shown(each) for each in documents]
    if call.sse:
        pieces = [event(each) for each in shown]
        if breaks is not None:
            pieces.append(event(error) if breaks == "event" else pretty(error) + b"\n")
    else:
        shown += [error] if breaks is not None else []
        pieces = array_pieces(shown, compact=call.compact)
    return Reply(
        content_type=SSE if call.sse else JSON,
        pieces=tuple(pieces),
        waits=tuple(waits[: len(pieces)]),
        vertex=call.vertex,
        duration_ms=int(waits[0] * 1000) + 17,
    )


def count_tokens(context: Context) -> Reply:
    """Tokens of a request that is not sent."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    inner = document.get("generateContentRequest")
    asked = inner if isinstance(inner, dict) else document
    system = asked.get("systemInstruction") or asked.get("system_instruction")
    counts = add_counts(contents_tokens(system), contents_tokens(asked.get("contents")))
    answer: Document = {"totalTokens": sum(counts.values())}
    if context.call.vertex:
        answer["totalBillableCharacters"] = sum(counts.values()) * 3
    answer["promptTokensDetails"] = [
        {"modality": modality, "tokenCount": count} for modality, count in counts.items()
    ]
    return context.reply(answer, wait=0.05)


def compute_tokens(context: Context) -> Reply:
    """The tokens themselves, one after the other, of each content (Vertex only)."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    contents = document.get("contents")
    contents = [contents] if isinstance(contents, dict) else contents or []
    infos = []
    for content in contents if isinstance(contents, list) else ():
        parts = content.get("parts") if isinstance(content, dict) else None
        text = "".join(str(part.get("text", "")) for part in parts or () if isinstance(part, dict))
        data = text.encode("utf-8", "surrogatepass")
        pieces = [data[at : at + 4] for at in range(0, len(data), 4)]
        info: Document = {
            "tokens": [base64.b64encode(piece).decode() for piece in pieces],
            "tokenIds": [str(int.from_bytes(piece) % 256_000) for piece in pieces],
        }
        infos.append(info | {"role": content.get("role", "user")})
    return context.reply({"tokensInfo": infos}, wait=0.05)


def answered(context: Context, asked: Asked, seed: str | None = None) -> Generation | Problem:
    """What the model does with a request that was read already.

    `seed` stands for the request where the body holds more than one.
    """
    cached_tokens = 0
    if asked.cached_content is not None:
        cache = living_cache(context, asked.cached_content)
        if cache is None:
            return _CACHE_MISSING
        cached_tokens = int(cache["usageMetadata"]["totalTokenCount"])
    model = model_named(context.call.model)
    done = generate(asked, model, seed or context.fingerprint, cached_tokens)
    done.traffic_type = _traffic_type(context)
    if context.scenario.reshape is not None:
        context.scenario.reshape(done)
    return done


def _generation(context: Context) -> Generation | Problem:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document
    asked = parse_asked(document, context.call)
    return asked if isinstance(asked, Problem) else answered(context, asked)


def _rewritten(context: Context, documents: list[Document]) -> list[Document]:
    rewrite = context.scenario.rewrite
    return documents if rewrite is None else rewrite(documents)


def _traffic_type(context: Context) -> str:
    """Vertex: what the request headers ask for (flex, priority, dedicated throughput)."""
    if context.request.header(b"x-vertex-ai-llm-request-type") == b"dedicated":
        return "PROVISIONED_THROUGHPUT"
    shared = context.request.header(b"x-vertex-ai-llm-shared-request-type")
    kinds = {b"flex": "ON_DEMAND_FLEX", b"priority": "ON_DEMAND_PRIORITY"}
    return kinds.get(shared or b"", "ON_DEMAND")


def _seconds(context: Context, done: Generation) -> float:
    model = model_named(context.call.model)
    tokens = done.thinking_tokens + done.output_tokens
    return model.first_wait + tokens / model.tokens_per_second


def _paced(model: Model, done: Generation, count: int) -> list[float]:
    """Seconds before each chunk: thinking first, then the answer at an even pace."""
    first = model.first_wait + done.thinking_tokens / model.tokens_per_second
    each = done.output_tokens / model.tokens_per_second / max(count - 1, 1)
    return [first] + [each] * count
