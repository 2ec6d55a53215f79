"""Claude on Vertex: Anthropic's messages, whole and as events, and its token count.

Source: Anthropic's reference for messages and streaming, anthropic 2.12.0's types; not
recorded. `input_tokens` leaves out what was read from or written to a cache, and
`output_tokens` holds the thinking; a stream says the input first and the output last.
"""

from typing import Any

from weighbridge.simulator.asked import Asked
from weighbridge.simulator.context import Context
from weighbridge.simulator.dice import dice
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import SSE, Document, Reply
from weighbridge.simulator.models import model_named
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import Problem
from weighbridge.simulator.tokens import add_counts, contents_tokens

_JSON = "application/json"
_STOPS = {"STOP": "end_turn", "MAX_TOKENS": "max_tokens", "SAFETY": "refusal"}
_DELTA_CHARACTERS = 60


def messages(context: Context, document: Document) -> Reply:
    """An answer to messages, or their count where the model of the path asks for that."""
    asked = _asked(document)
    if context.call.model.startswith("count-tokens"):
        counts = add_counts(contents_tokens(asked.system), contents_tokens(asked.contents))
        return _reply({"input_tokens": sum(counts.values())}, 0.05)
    if (wrong := _problem(document)) is not None:
        return wrong
    done = answered(context, asked)
    if isinstance(done, Problem):
        return done.reply(context.call)
    streamed = context.call.operation == "streamRawPredict" or bool(document.get("stream"))
    model = model_named(context.call.model)
    wait = model.first_wait + done.output_tokens / model.tokens_per_second
    usage = _usage(context, done)
    if streamed:
        pieces = _events(context, done, usage)
        if context.scenario.breaks is not None:
            error = {"type": "overloaded_error", "message": "Overloaded"}
            pieces = pieces[: max(1, len(pieces) // 2)]
            pieces.append(_event("error", {"error": error}))
        waits = (model.first_wait, *[wait / len(pieces)] * (len(pieces) - 1))
        return Reply(
            content_type=f"{SSE}; charset=utf-8", pieces=tuple(pieces), waits=waits, vertex=True
        )
    message = _message(context, usage) | {"content": _blocks(done)}
    return _reply(message | {"stop_reason": _stop(done)}, wait)


def _reply(document: Document, wait: float, status: int = 200) -> Reply:
    return Reply(
        status=status, content_type=_JSON, pieces=(one_line(document),), waits=(wait,), vertex=True
    )


def _problem(document: Document) -> Reply | None:
    """What Anthropic itself refuses, in its own form of error."""
    missing = [name for name in ("maxTokens", "messages") if not document.get(name)]
    if document.get("anthropicVersion") is None:
        missing.append("anthropicVersion")
    if not missing:
        return None
    names = {"maxTokens": "max_tokens", "anthropicVersion": "anthropic_version"}
    message = f"{names.get(missing[0], missing[0])}: Field required"
    error = {"type": "invalid_request_error", "message": message}
    return _reply({"type": "error", "error": error}, 0.0, status=400)


def _usage(context: Context, done: Generation) -> Document:
    """The counts of a message; a prompt that marks a part to be cached has read or written it."""
    cached = done.prompt_tokens * 15 // 16 if b'"cache_control"' in context.request.body else 0
    hit = dice("cache", context.fingerprint).random() < 0.7
    long = b'"1h"' in context.request.body
    written = 0 if hit else cached
    usage: Document = {
        "input_tokens": done.prompt_tokens - cached,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached if hit else 0,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if long else written,
            "ephemeral_1h_input_tokens": written if long else 0,
        },
        "output_tokens": done.output_tokens + done.thinking_tokens,
    }
    return usage


def _message(context: Context, usage: Document) -> Document:
    return {
        "model": context.call.model.partition("@")[0],
        "id": f"msg_vrtx_{context.fingerprint[:24]}",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _blocks(done: Generation) -> list[Document]:
    blocks: list[Document] = []
    if done.thought_text:
        blocks.append({"type": "thinking", "thinking": done.thought_text, "signature": "c2ln"})
    if done.text:
        blocks.append({"type": "text", "text": done.text})
    for number, part in enumerate(done.extras):
        if call := part.get("functionCall"):
            blocks.append(
                {
                    "type": "tool_use",
                    "id": f"toolu_vrtx_{done.response_id[:16]}{number}",
                    "name": call["name"],
                    "input": call["args"],
                }
            )
    return blocks


def _stop(done: Generation) -> str:
    if any("functionCall" in each for each in done.extras):
        return "tool_use"
    return _STOPS.get(done.finish_reason or "SAFETY", "end_turn")


def _events(context: Context, done: Generation, usage: Document) -> list[bytes]:
    begun = _message(context, usage | {"output_tokens": 1})
    pieces = [_event("message_start", {"message": begun})]
    for index, block in enumerate(_blocks(done)):
        pieces += _block_events(index, block)
        if index == 0:
            pieces.insert(2, _event("ping", {}))
    delta = {"stop_reason": _stop(done), "stop_sequence": None}
    ended = {"delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}
    return [*pieces, _event("message_delta", ended), _event("message_stop", {})]


def _block_events(index: int, block: Document) -> list[bytes]:
    kinds = {"text": ("text", "text_delta"), "thinking": ("thinking", "thinking_delta")}
    if block["type"] == "tool_use":
        text, key, kind = one_line(block["input"]).decode(), "partial_json", "input_json_delta"
        begun = block | {"input": {}}
    else:
        key, kind = kinds[block["type"]]
        text, begun = block[key], block | {key: ""}
    found = [_event("content_block_start", {"index": index, "content_block": begun})]
    for at in range(0, len(text), _DELTA_CHARACTERS):
        delta = {"type": kind, key: text[at : at + _DELTA_CHARACTERS]}
        found.append(_event("content_block_delta", {"index": index, "delta": delta}))
    return [*found, _event("content_block_stop", {"index": index})]


def _event(kind: str, data: Document) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), one_line({"type": kind} | data))


def _asked(document: Document) -> Asked:
    """Messages in generateContent's words."""
    given = document.get("messages")
    contents: list[Document] = []
    for message in given if isinstance(given, list) else ():
        if isinstance(message, dict):
            role = "model" if message.get("role") == "assistant" else "user"
            contents.append({"role": role, "parts": _parts(message.get("content"))})
    thinking = document.get("thinking")
    thinking = thinking if isinstance(thinking, dict) else {}
    wanted = thinking.get("type") in {"enabled", "adaptive"}
    budget = thinking.get("budget_tokens", 1024) if wanted else 0
    tools = [each for each in document.get("tools") or () if isinstance(each, dict)]
    system = document.get("system")
    return Asked(
        contents=contents or [{"parts": []}],
        system={"parts": _parts(system)} if system else None,
        config={
            "maxOutputTokens": document.get("maxTokens"),
            "thinkingConfig": {"thinkingBudget": budget, "includeThoughts": wanted},
        },
        functions=[{"name": each.get("name"), "parameters": each.get("input_schema")}
                   for each in tools if "input_schema" in each],
    )  # fmt: skip


def _parts(content: Any) -> list[Document]:
    if isinstance(content, str):
        return [{"text": content}]
    parts: list[Document] = []
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        if block.get("type") == "image":
            source = block.get("source")
            kind = source.get("media_type") if isinstance(source, dict) else None
            parts.append({"inlineData": {"mimeType": kind or "image/png", "data": ""}})
        elif block.get("type") == "tool_result":
            parts.append({"functionResponse": {"response": block.get("content")}})
        else:
            parts.append({"text": str(block.get("text", ""))})
    return parts
