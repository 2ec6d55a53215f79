"""A `Generation` as generateContent and streamGenerateContent print it, on both APIs.

Key order is that of the recorded traffic: the Developer API writes `parts` before `role`, has
`index` and `serviceTier`, and repeats its counts in every chunk; Vertex has `avgLogprobs`,
`createTime` and `trafficType`, and counts in the last chunk only.
"""

import msgspec

from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import Document
from weighbridge.simulator.tokens import text_tokens

_TOKENS_PER_CHUNK = 16
_MOST_CHUNKS = 60


class Chunk(msgspec.Struct, kw_only=True):
    """One element of a stream: its parts, and how many tokens are out by then."""

    parts: list[Document]
    output_tokens: int | None
    thinking_tokens: int
    last: bool = False


def unary(done: Generation, *, vertex: bool) -> Document:
    """The whole answer as one document."""
    parts: list[Document] = []
    if done.thought_text:
        parts.append({"text": done.thought_text, "thought": True})
    if done.text:
        parts.append({"text": done.text})
    parts += [dict(each) for each in done.extras]
    if parts and done.signature:
        parts[-1]["thoughtSignature"] = done.signature
    whole = Chunk(
        parts=parts,
        output_tokens=done.output_tokens or None,
        thinking_tokens=done.thinking_tokens,
        last=True,
    )
    return _document(done, whole, vertex=vertex, streamed=False)


def chunks(done: Generation, *, vertex: bool) -> list[Document]:
    """The answer as the elements of a stream; the last one has the finish reason."""
    return [_document(done, each, vertex=vertex, streamed=True) for each in _cut(done)]


def usage_metadata(done: Generation, chunk: Chunk, *, vertex: bool, streamed: bool) -> Document:
    """Counts as they stand after a chunk.

    Example: an early Vertex chunk has nothing but `trafficType`; an early chunk of the
    Developer API counts the text of a prompt but not yet its pictures (both recorded).
    """
    if vertex and streamed and not chunk.last:
        return {"trafficType": done.traffic_type}
    prompt = done.prompt
    if streamed and not chunk.last:
        prompt = {"TEXT": prompt.get("TEXT", 0)}
    output, thinking = chunk.output_tokens or 0, chunk.thinking_tokens
    tool_use = done.tool_use_tokens if output else 0
    cached = sum(done.cached.values())
    made = _output_details(done, vertex=vertex) if chunk.last and output else []
    total = sum(prompt.values()) + output + thinking + tool_use
    usage: Document = {
        "promptTokenCount": sum(prompt.values()),
        "candidatesTokenCount": output,
        "totalTokenCount": total,
        "cachedContentTokenCount": cached,
        "trafficType": done.traffic_type if vertex else None,
        "promptTokensDetails": _details(prompt),
        "cacheTokensDetails": _details(done.cached),
        "candidatesTokensDetails": made,
        "toolUsePromptTokenCount": tool_use,
        "toolUsePromptTokensDetails": _details({"TEXT": tool_use}),
        "thoughtsTokenCount": thinking,
        "serviceTier": None if vertex else done.service_tier,
    }
    kept = {"promptTokenCount", "totalTokenCount"}
    return {name: value for name, value in usage.items() if value or name in kept}


def timestamp(second: int, micros: int = 0) -> str:
    """A moment of the simulator's one day."""
    hours, rest = divmod(second, 3600)
    return f"2026-11-21T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}.{micros:06d}Z"


def _cut(done: Generation) -> list[Chunk]:
    thinking = done.thinking_tokens
    found: list[Chunk] = []
    if done.thought_text:
        thought = {"text": done.thought_text, "thought": True}
        found.append(Chunk(parts=[thought], output_tokens=None, thinking_tokens=0))
    tokens = text_tokens(done.text)
    count = min(_MOST_CHUNKS, tokens // _TOKENS_PER_CHUNK + 1) if done.text else 0
    step = len(done.text) // count + 1 if count else 1
    for at in range(0, len(done.text), step):
        out = text_tokens(done.text[: at + step])
        part = {"text": done.text[at : at + step]}
        found.append(Chunk(parts=[part], output_tokens=out, thinking_tokens=thinking))
    if done.extras:
        parts = [dict(each) for each in done.extras]
        found.append(Chunk(parts=parts, output_tokens=done.output_tokens, thinking_tokens=thinking))
    if done.signature and found:
        signed = [{"text": "", "thoughtSignature": done.signature}]
        found.append(
            Chunk(parts=signed, output_tokens=done.output_tokens, thinking_tokens=thinking)
        )
    if not found:
        found.append(Chunk(parts=[], output_tokens=None, thinking_tokens=thinking))
    found[-1].last = True
    return found


def _document(done: Generation, chunk: Chunk, *, vertex: bool, streamed: bool) -> Document:
    document: Document = {}
    if done.finish_reason is None:
        document["promptFeedback"] = {"blockReason": done.block_reason}
    else:
        document["candidates"] = [_candidate(done, chunk, vertex=vertex, streamed=streamed)]
    document["usageMetadata"] = usage_metadata(done, chunk, vertex=vertex, streamed=streamed)
    document["modelVersion"] = done.model_version
    if vertex:
        document["createTime"] = timestamp(done.create_second, 819_932)
    document["responseId"] = done.response_id
    return document


def _candidate(done: Generation, chunk: Chunk, *, vertex: bool, streamed: bool) -> Document:
    content: Document = {"role": "model"}
    if chunk.parts:
        content = (
            {"role": "model", "parts": chunk.parts}
            if vertex
            else {"parts": chunk.parts, "role": "model"}
        )
    candidate: Document = {"content": content}
    if chunk.last and done.finish_reason:
        candidate["finishReason"] = done.finish_reason
    if not vertex:
        candidate["index"] = 0
    if chunk.last:
        if done.grounding:
            candidate["groundingMetadata"] = done.grounding
        if done.url_context:
            candidate["urlContextMetadata"] = done.url_context
        if vertex and not streamed:
            candidate["avgLogprobs"] = -1 - done.create_second / 100_000
    return candidate


def _details(counts: dict[str, int]) -> list[Document]:
    return [
        {"modality": modality, "tokenCount": count} for modality, count in counts.items() if count
    ]


def _output_details(done: Generation, *, vertex: bool) -> list[Document]:
    """Vertex itemises everything; the Developer API only what is no text (recorded)."""
    text = done.output_tokens - sum(done.made.values())
    return _details({"TEXT": text} | done.made) if vertex else _details(done.made)
