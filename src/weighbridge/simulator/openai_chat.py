"""Chat completions in OpenAI's form: Google's compatible paths, and partners' models.

Source: two recorded chat completions (alphabetical keys; thinking only in the
total); the stream's shape is from memory; `extra_properties` of Vertex from public fixtures.
"""

from weighbridge.simulator.asked import Asked
from weighbridge.simulator.context import Context
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import SSE, Document, Reply
from weighbridge.simulator.models import model_named
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import INVALID_ROLE, Problem, invalid
from weighbridge.simulator.tokens import text_tokens

_JSON = "application/json"
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
_CREATED = 1_795_219_200
_TOKENS_PER_CHUNK = 16


def chat(context: Context, document: Document) -> Reply:
    """A chat completion, whole or as chunks."""
    asked = asked_by(document)
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
    if is_counted(context):
        answer["usage"] = _usage(context, done, done.output_tokens)
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(wait,))


def is_counted(context: Context) -> bool:
    """Whether the scenario lets usage through, asked of a document of the native form."""
    native: Document = {"usageMetadata": {}}
    rewrite = context.scenario.rewrite
    return "usageMetadata" in (native if rewrite is None else rewrite([native])[0])


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
        if counted and is_counted(context):
            chunk["usage"] = _usage(context, done, done.output_tokens if last else sent)
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


def _usage(context: Context, done: Generation, output: int) -> Document:
    """Counts; Vertex adds how the call was served, its partners count thinking as completion."""
    total = done.prompt_tokens + output + done.thinking_tokens
    usage: Document = {
        "completion_tokens": output,
        "prompt_tokens": done.prompt_tokens,
        "total_tokens": total,
    }
    if context.call.vertex:
        usage["completion_tokens"] = total - done.prompt_tokens
        usage["extra_properties"] = {"google": {"traffic_type": done.traffic_type}}
        if done.thinking_tokens:
            details = {"reasoning_tokens": done.thinking_tokens}
            usage["completion_tokens_details"] = details
    return usage


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


def asked_by(document: Document) -> Asked | Problem:
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
