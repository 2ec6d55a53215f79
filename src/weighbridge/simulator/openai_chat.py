"""The OpenAI-compatible paths: chat completions, embeddings, models.

Source: two recorded chat completions (alphabetical keys; thinking only in the total), gemini.md
2.6; the stream's and the embeddings' shapes are from memory.
"""

import base64
import struct
from typing import Any

from weighbridge.simulator.asked import Asked, parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.embeddings import vector
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import SSE, Document, Reply
from weighbridge.simulator.models import CATALOGUE, is_served, model_named
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import (
    INVALID_ROLE,
    NOT_FOUND,
    Problem,
    invalid,
    model_not_found,
)
from weighbridge.simulator.tokens import text_tokens

_JSON = "application/json"
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
_CREATED = 1_795_219_200
_TOKENS_PER_CHUNK = 16


def openai(context: Context) -> Reply:
    """Whatever stands below `/openai/`."""
    rest = context.call.rest.strip("/")
    if rest.partition("/")[0] == "models":
        return _models(context, rest.partition("/")[2])
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    model = str(document.get("model") or "").removeprefix("google/").removeprefix("models/")
    context.call = _with_model(context, model)
    if not is_served(model):
        return model_not_found(context.call).reply(context.call)
    if rest == "chat/completions":
        return _chat(context, document)
    return _embeddings(context, document) if rest == "embeddings" else _absent(context)


def _absent(context: Context) -> Reply:
    return NOT_FOUND.reply(context.call)


def _with_model(context: Context, model: str) -> Any:
    call = context.call
    return type(call)(
        kind=call.kind, path=call.path, query=call.query, version=call.version, model=model,
        operation="generateContent", rest=call.rest, vertex=call.vertex, project=call.project,
        location=call.location,
    )  # fmt: skip


def _chat(context: Context, document: Document) -> Reply:
    asked = _asked(document)
    done = asked if isinstance(asked, Problem) else answered(context, asked)
    if isinstance(done, Problem):
        return done.reply(context.call)
    name = str(document["model"])
    model = model_named(context.call.model)
    wait = model.first_wait + (done.thinking_tokens + done.output_tokens) / model.tokens_per_second
    if document.get("stream"):
        options = document.get("streamOptions")
        counted = isinstance(options, dict) and bool(options.get("include_usage"))
        pieces = _stream(context, done, name, counted=counted)
        waits = (model.first_wait, *[wait / len(pieces)] * (len(pieces) - 1))
        return Reply(content_type=SSE, pieces=tuple(pieces), waits=waits)
    choice = {
        "finish_reason": _finish_reason(done),
        "index": 0,
        "message": {"role": "assistant"} | _message(done, streamed=False),
    }
    answer = _envelope(done, name, "chat.completion", [choice])
    if "usageMetadata" in _kept(context):
        answer["usage"] = _usage(done, done.output_tokens)
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(wait,))


def _kept(context: Context) -> Document:
    """Whether the scenario lets usage through, asked of a document of the native form."""
    native: Document = {"usageMetadata": {}}
    rewrite = context.scenario.rewrite
    return native if rewrite is None else rewrite([native])[0]


def _stream(context: Context, done: Generation, name: str, *, counted: bool) -> list[bytes]:
    step = _TOKENS_PER_CHUNK * 4
    texts = [done.text[at : at + step] for at in range(0, len(done.text), step)]
    deltas: list[Document] = [{"content": text, "role": "assistant"} for text in texts]
    if done.extras or not deltas:
        deltas.append({"role": "assistant"} | _message(done, streamed=True))
    pieces, sent = [], 0
    for number, delta in enumerate(deltas):
        sent += text_tokens(str(delta.get("content") or ""))
        last = number == len(deltas) - 1
        choice: Document = {"delta": delta, "index": 0}
        if last:
            choice["finish_reason"] = _finish_reason(done)
        chunk = _envelope(done, name, "chat.completion.chunk", [choice])
        if counted and "usageMetadata" in _kept(context):
            chunk["usage"] = _usage(done, done.output_tokens if last else sent)
        pieces.append(b"data: %b\n\n" % one_line(chunk))
    return [*pieces, b"data: [DONE]\n\n"]


def _envelope(done: Generation, name: str, kind: str, choices: list[Document]) -> Document:
    return {
        "choices": choices,
        "created": _CREATED + done.create_second,
        "id": done.response_id,
        "model": name,
        "object": kind,
    }


def _usage(done: Generation, output: int) -> Document:
    total = done.prompt_tokens + output + done.thinking_tokens
    return {
        "completion_tokens": output,
        "prompt_tokens": done.prompt_tokens,
        "total_tokens": total,
    }


def _finish_reason(done: Generation) -> str:
    if any("functionCall" in each for each in done.extras):
        return "tool_calls"
    return _FINISH.get(done.finish_reason or "SAFETY", "stop")


def _message(done: Generation, *, streamed: bool) -> Document:
    calls = [each["functionCall"] for each in done.extras if "functionCall" in each]
    if not calls:
        return {"content": done.text}
    listed = []
    for number, call in enumerate(calls):
        arguments = one_line(call["args"]).decode()
        entry: Document = {
            "function": {"arguments": arguments, "name": call["name"]},
            "id": f"call_{done.response_id[:12]}{number}",
            "type": "function",
        }
        listed.append(entry | ({"index": number} if streamed else {}))
    return {"tool_calls": listed}


def _asked(document: Document) -> Asked | Problem:
    """An OpenAI request in Gemini's words."""
    messages = document.get("messages")
    if not isinstance(messages, list) or not messages:
        return invalid("* ChatCompletionRequest.messages: messages is not specified\n")
    contents: list[Document] = []
    system: list[Document] = []
    for message in messages:
        if not isinstance(message, dict):
            return INVALID_ROLE
        role = message.get("role")
        parts = _parts(message)
        if role in {"system", "developer"}:
            system += parts
        elif role in {"user", "assistant", "tool", "function"}:
            contents.append({"role": "model" if role == "assistant" else "user", "parts": parts})
        else:
            return INVALID_ROLE
    tools = document.get("tools")
    offered = [each.get("function", {}) for each in tools or () if isinstance(each, dict)]
    most = document.get("maxCompletionTokens") or document.get("maxTokens")
    config: Document = {"maxOutputTokens": most} if most else {}
    if (wanted := document.get("responseFormat")) and wanted.get("type", "").startswith("json"):
        config["responseMimeType"] = "application/json"
        config["responseSchema"] = (wanted.get("json_schema") or {}).get("schema") or {}
    mode = "NONE" if document.get("toolChoice") == "none" else "AUTO"
    return Asked(
        contents=contents or [{"parts": []}],
        system={"parts": system} if system else None,
        config=config,
        functions=offered,
        function_mode=mode,
    )


def _parts(message: Document) -> list[Document]:
    if message.get("role") in {"tool", "function"}:
        return [{"functionResponse": {"response": message.get("content")}}]
    content = message.get("content")
    if isinstance(content, str):
        return [{"text": content}]
    parts: list[Document] = []
    for each in content if isinstance(content, list) else ():
        if each.get("type") == "text":
            parts.append({"text": str(each.get("text", ""))})
        elif "image" in str(each.get("type")):
            parts.append({"inlineData": {"mimeType": "image/png", "data": ""}})
    return parts


def _embeddings(context: Context, document: Document) -> Reply:
    given = document.get("input")
    texts = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    size = document.get("dimensions")
    vectors = [
        vector(str(text), context.call.model, size if isinstance(size, int) else None)
        for text in texts
    ]
    packed = document.get("encodingFormat") == "base64"
    data = [
        {"object": "embedding", "embedding": _packed(each) if packed else each, "index": number}
        for number, each in enumerate(vectors)
    ]
    tokens = sum(text_tokens(str(text)) for text in texts)
    answer: Document = {"object": "list", "data": data, "model": document["model"]}
    if "embedding-2" in context.call.model:
        answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(0.15,))


def _packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def _models(context: Context, name: str) -> Reply:
    name = name.removeprefix("models/")
    if name and not is_served(name):
        return NOT_FOUND.reply(context.call)
    entries: list[Document] = [
        {"id": f"models/{each}", "object": "model", "owned_by": "google"}
        for each in ([name] if name else CATALOGUE)
    ]
    answer = entries[0] if name else {"object": "list", "data": entries}
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(0.02,))
