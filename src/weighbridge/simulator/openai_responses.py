"""The responses API in OpenAI's form, whole and as events.

Source: OpenAI's reference, Vertex AI's discovery document for the paths; not recorded.
"""

from weighbridge.simulator.asked import Asked
from weighbridge.simulator.context import Context
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import SSE, Document, Reply
from weighbridge.simulator.models import model_named
from weighbridge.simulator.openai_chat import asked_by, is_counted
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import Problem, invalid

_JSON = "application/json"
_CREATED = 1_795_219_200
_DELTA_CHARACTERS = 64
_NO_INPUT = invalid("* CreateResponseRequest.input: input is not specified\n")


def responses(context: Context, document: Document) -> Reply:
    """An answer to an input."""
    asked = _asked(document)
    done = asked if isinstance(asked, Problem) else answered(context, asked)
    if isinstance(done, Problem):
        return done.reply(context.call)
    model = model_named(context.call.model)
    wait = model.first_wait + (done.thinking_tokens + done.output_tokens) / model.tokens_per_second
    response = _response(context, document, done)
    if not document.get("stream"):
        return Reply(content_type=_JSON, pieces=(one_line(response),), waits=(wait,))
    pieces = _events(response, done)
    waits = (model.first_wait, *[wait / len(pieces)] * (len(pieces) - 1))
    return Reply(content_type=SSE, pieces=tuple(pieces), waits=waits)


def _asked(document: Document) -> Asked | Problem:
    given = document.get("input")
    if not given:
        return _NO_INPUT
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if system := document.get("instructions"):
        messages = [{"role": "system", "content": system}, *messages]
    return asked_by(
        {
            "messages": [{"role": "user"} | each for each in messages if isinstance(each, dict)],
            "maxTokens": document.get("maxOutputTokens"),
        }
    )


def _response(context: Context, document: Document, done: Generation) -> Document:
    content = {"type": "output_text", "text": done.text, "annotations": []}
    response: Document = {
        "id": f"resp_{done.response_id}",
        "object": "response",
        "created_at": _CREATED,
        "status": "completed" if done.finish_reason == "STOP" else "incomplete",
        "model": document["model"],
        "output": [
            {
                "type": "message",
                "id": f"msg_{done.response_id}",
                "status": "completed",
                "role": "assistant",
                "content": [content],
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    if is_counted(context):
        output = done.output_tokens + done.thinking_tokens
        response["usage"] = {
            "input_tokens": done.prompt_tokens,
            "input_tokens_details": {"cached_tokens": sum(done.cached.values())},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": done.thinking_tokens},
            "total_tokens": done.prompt_tokens + output,
        }
    return response


def _events(response: Document, done: Generation) -> list[bytes]:
    begun = {key: value for key, value in response.items() if key != "usage"}
    begun |= {"status": "in_progress", "output": []}
    told: list[Document] = [{"type": "response.created", "response": begun}]
    item = f"msg_{done.response_id}"
    told += [
        {
            "type": "response.output_text.delta",
            "item_id": item,
            "output_index": 0,
            "content_index": 0,
            "delta": done.text[at : at + _DELTA_CHARACTERS],
            "logprobs": [],
        }
        for at in range(0, len(done.text), _DELTA_CHARACTERS)
    ]
    told.append({"type": "response.completed", "response": response})
    return [
        b"event: %b\ndata: %b\n\n"
        % (each["type"].encode(), one_line(each | {"sequence_number": n}))
        for n, each in enumerate(told)
    ]
