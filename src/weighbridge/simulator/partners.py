"""rawPredict and streamRawPredict: what other makers' models answer on Vertex.

A publisher's model speaks its maker's own wire; the model stands in the path only. Mistral and
AI21 speak OpenAI's form of chat. Counterparts: `anthropic`, `openai_chat`.
"""

import msgspec

from weighbridge.simulator import anthropic
from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.messages import Reply
from weighbridge.simulator.openai_chat import chat
from weighbridge.simulator.problems import Problem, model_not_found


def raw_predict(context: Context) -> Reply:
    """A body passed to the model as it is."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    publisher = context.call.publisher
    if publisher == "anthropic":
        return anthropic.messages(context, document)
    if publisher == "google":
        return model_not_found(context.call).reply(context.call)
    document.setdefault("model", context.call.model)
    if context.call.operation == "streamRawPredict":
        document["stream"] = True
    if document.get("stream"):
        document["streamOptions"] = {"include_usage": True}
    context.call = msgspec.structs.replace(context.call, kind="openai")
    return chat(context, document)
