"""Interactions: create, in one piece, as events or in the background; get, cancel, delete.

Source: Google's streaming page (events and the order of their keys), google-genai 3.4.0's
types. Usage has names of its own and stands in the last event only. Counterpart:
`interaction_shapes` prints them.
"""

from typing import Any

import msgspec

from weighbridge.simulator.asked import Asked, camel, parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.course import DONE, Course
from weighbridge.simulator.generate_content import answered
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.interaction_shapes import Told, events, whole
from weighbridge.simulator.labels import labels_problem
from weighbridge.simulator.messages import SSE, Document, Reply
from weighbridge.simulator.models import is_served, model_named
from weighbridge.simulator.printing import one_line
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid, model_not_found

_JSON = "application/json; charset=UTF-8"
_NO_INPUT = invalid("Request contains an invalid argument: input is required.")
_STATUSES = {DONE: "completed", "failed": "failed", "cancelled": "cancelled",
             "expired": "incomplete"}  # fmt: skip


class Interaction(msgspec.Struct, kw_only=True):
    """One interaction: what was said so far, the answer, and how far it has come."""

    told: Told
    contents: list[Document]
    course: Course

    @property
    def status(self) -> str:
        """The word for its state."""
        return _STATUSES.get(self.course.state, "in_progress")


def interactions(context: Context) -> Reply:
    """Whatever is asked of interactions."""
    call, shelf = context.call, context.state.interactions
    if not call.rest:
        return _create(context)
    identity = call.rest.replace("/", ":").partition(":")[0]
    found: Interaction | None = shelf.get(identity)
    if found is None:
        return NOT_FOUND.reply(call)
    if call.rest.endswith("cancel"):
        found.course.end("cancelled")
        return _told(found)
    if context.request.method == b"DELETE":
        del shelf[identity]
        return context.reply({})
    found.course.read()
    if call.query.get("stream") == "true" or call.rest.endswith(":stream"):
        return _streamed(context, found)
    return _told(found)


def _create(context: Context) -> Reply:
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    if (wrong := labels_problem(document.get("labels"))) is not None:
        return wrong.reply(context.call)
    asked = _asked(context, document)
    if isinstance(asked, Problem):
        return asked.reply(context.call)
    name = str(document.get("model") or document.get("agent") or "").removeprefix("models/")
    context.call = msgspec.structs.replace(context.call, model=name)
    if not is_served(name):
        return model_not_found(context.call).reply(context.call)
    done = answered(context, asked)
    if isinstance(done, Problem):
        return done.reply(context.call)
    made = _made(context, document, asked, done)
    streamed = bool(document.get("stream")) or context.call.operation == "createStream"
    if document.get("background"):
        made.course = Course(states=context.scenario.course)
        if not streamed:
            return _told(made)
    return _streamed(context, made) if streamed else _told(made, _seconds(context, done))


def _made(context: Context, document: Document, asked: Asked, done: Generation) -> Interaction:
    rewrite = context.scenario.rewrite
    native: Document = {"usageMetadata": {}}
    counted = rewrite is None or "usageMetadata" in rewrite([native])[0]
    told = Told(
        done=done,
        identity=f"v1_{context.fingerprint}",
        asked_name=context.call.model,
        agent="agent" in document and "model" not in document,
        moment=f"{context.state.clock():%Y-%m-%dT%H:%M:%SZ}",
        counted=counted,
    )
    course = Course()
    course.read()
    made = Interaction(told=told, contents=asked.contents, course=course)
    if document.get("store") is not False:
        context.state.interactions.put(told.identity, made)
    return made


def _told(found: Interaction, wait: float = 0.0) -> Reply:
    body = one_line(whole(found.told, found.status))
    return Reply(content_type=_JSON, pieces=(body,), waits=(wait,))


def _streamed(context: Context, found: Interaction) -> Reply:
    pieces = events(found.told, found.status)
    if context.scenario.breaks is not None:
        error = {"error": {"code": "unavailable", "message": "The model is overloaded."}}
        broken = one_line(error | {"event_type": "error"})
        tail = b"event: error\ndata: %b\n\n" % broken
        if context.scenario.breaks == "bare":
            tail = broken + b"\n"
        pieces = [*pieces[: max(1, len(pieces) // 2)], tail]
    each = _seconds(context, found.told.done) / len(pieces)
    return Reply(content_type=SSE, pieces=tuple(pieces), waits=(each,) * len(pieces))


def _seconds(context: Context, done: Generation) -> float:
    model = model_named(context.call.model)
    tokens = done.thinking_tokens + done.output_tokens
    return model.first_wait + tokens / model.tokens_per_second


def _asked(context: Context, document: Document) -> Asked | Problem:
    """An interaction's request in generateContent's words."""
    contents = _contents(document.get("input"))
    if not contents:
        return _NO_INPUT
    before = context.state.interactions.get(str(document.get("previousInteractionId")))
    if isinstance(before, Interaction):
        said: Document = {"role": "model", "parts": [{"text": before.told.done.text}]}
        contents = [*before.contents, said, *contents]
    system = document.get("systemInstruction")
    config = document.get("generationConfig")
    config = config if isinstance(config, dict) else {}
    tools = [each for each in document.get("tools") or () if isinstance(each, dict)]
    return Asked(
        contents=contents,
        system={"parts": [{"text": str(system)}]} if system else None,
        config={camel(name): value for name, value in config.items()},
        tools={camel(str(each.get("type"))): {} for each in tools},
        functions=[each for each in tools if each.get("type") == "function"],
        service_tier=str(document.get("serviceTier") or "standard"),
    )


def _contents(given: Any) -> list[Document]:
    """A text, a content, contents, or the steps of a conversation."""
    if isinstance(given, str):
        return [{"role": "user", "parts": [{"text": given}]}]
    items = [given] if isinstance(given, dict) else given if isinstance(given, list) else []
    contents: list[Document] = []
    for item in items:
        if not isinstance(item, dict):
            continue
        inner = item.get("content", item)
        inner = inner if isinstance(inner, list) else [inner]
        role = "model" if item.get("type") == "model_output" else "user"
        contents.append({"role": role, "parts": [_part(each) for each in inner]})
    return contents


def _part(content: Any) -> Document:
    if not isinstance(content, dict):
        return {"text": str(content)}
    if content.get("type") == "function_result":
        return {"functionResponse": {"response": content.get("result")}}
    if "data" in content:
        return {"inlineData": {"mimeType": content.get("mime_type"), "data": content["data"]}}
    if "uri" in content:
        return {"fileData": {"mimeType": content.get("mime_type"), "fileUri": content["uri"]}}
    return {"text": str(content.get("text", ""))}
