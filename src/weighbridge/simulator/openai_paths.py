"""Whatever stands below `/openai/` or an OpenAI-compatible endpoint of Vertex.

Chat is `openai_chat`, responses are `openai_responses`; the rest is here: completions,
embeddings, pictures, the list of models. Source: OpenAI's reference; shapes not recorded.
"""

import base64
import struct

import msgspec

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.dice import dice
from weighbridge.simulator.embeddings import vector
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.models import CATALOGUE, is_served
from weighbridge.simulator.openai_chat import asked_by, chat, is_counted
from weighbridge.simulator.openai_responses import responses
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import NOT_FOUND, Problem, model_not_found
from weighbridge.simulator.prose import picture
from weighbridge.simulator.tokens import text_tokens

_JSON = "application/json"
_CREATED = 1_795_219_200
_MOST_PICTURES = 8


def openai(context: Context) -> Reply:
    """The path decides; the model stands in the body, with its maker's name on Vertex."""
    rest = context.call.rest.strip("/")
    if rest.partition("/")[0] == "models":
        return _models(context, rest.partition("/")[2])
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    model = str(document.get("model") or "").removeprefix("models/").rpartition("/")[2]
    context.call = msgspec.structs.replace(context.call, model=model, operation="generateContent")
    if not is_served(model):
        return model_not_found(context.call).reply(context.call)
    paths = {
        "chat/completions": chat,
        "completions": _completions,
        "embeddings": _embeddings,
        "images/generations": _images,
        "responses": responses,
    }
    operation = paths.get(rest)
    return NOT_FOUND.reply(context.call) if operation is None else operation(context, document)


def _completions(context: Context, document: Document) -> Reply:
    asked = asked_by({"messages": [{"role": "user", "content": str(document.get("prompt", ""))}]})
    done = asked if isinstance(asked, Problem) else answered(context, asked)
    if isinstance(done, Problem):
        return done.reply(context.call)
    answer: Document = {
        "choices": [{"finish_reason": "stop", "index": 0, "text": done.text}],
        "created": _CREATED,
        "id": done.response_id,
        "model": document["model"],
        "object": "text_completion",
    }
    if is_counted(context):
        total = done.prompt_tokens + done.output_tokens + done.thinking_tokens
        answer["usage"] = {
            "completion_tokens": done.output_tokens,
            "prompt_tokens": done.prompt_tokens,
            "total_tokens": total,
        }
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(0.5,))


def _images(context: Context, document: Document) -> Reply:
    count, roll = document.get("n"), dice(context.fingerprint)
    count = count if isinstance(count, int) and 0 < count <= _MOST_PICTURES else 1
    data = [{"b64_json": picture(roll)} for _ in range(count)]
    if context.scenario.filters:
        data = data[: count // 2]
    answer: Document = {"created": _CREATED, "data": data}
    return Reply(content_type=_JSON, pieces=(one_line(answer),), waits=(3.0,))


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
