"""An interaction as one document and as events.

Source: as `interactions`. Steps are the thought, the calls and the output; an event's data
ends with its type; the last event is `done`.
"""

import msgspec

from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import Document
from weighbridge.simulator.printing import one_line

_DELTA_CHARACTERS = 64


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with the names under which the interaction is known."""

    done: Generation
    identity: str
    asked_name: str
    agent: bool
    moment: str
    counted: bool


def whole(told: Told, status: str) -> Document:
    """The interaction in one document; one that is under way shows no usage and no steps."""
    document: Document = {"id": told.identity, "status": status}
    if status == "completed":
        if told.counted:
            document["usage"] = usage(told.done)
        document["steps"] = _steps(told.done)
    elif status == "failed":
        document["errors"] = [{"code": "internal", "message": "The interaction has failed."}]
    return document | _identity(told)


def events(told: Told, status: str) -> list[bytes]:
    """The events of a stream, each as one piece."""
    begun: Document = {"id": told.identity, "status": "in_progress"} | _identity(told, begun=True)
    pieces = [_event("interaction.created", {"interaction": begun})]
    if status == "completed":
        for index, step in enumerate(_steps(told.done)):
            pieces += _step_events(index, step)
        ended: Document = {"id": told.identity, "status": status}
        if told.counted:
            ended["usage"] = usage(told.done)
        pieces.append(_event("interaction.completed", {"interaction": ended | _identity(told)}))
    else:
        update = {"interaction_id": told.identity, "status": status}
        pieces.append(_event("interaction.status_update", update))
    return [*pieces, b"event: done\ndata: [DONE]\n\n"]


def usage(done: Generation) -> Document:
    """Counts under the names that interactions have for them."""
    cached = sum(done.cached.values())
    total = done.prompt_tokens + done.output_tokens + done.tool_use_tokens + done.thinking_tokens
    counts: Document = {
        "total_tokens": total,
        "total_input_tokens": done.prompt_tokens,
        "input_tokens_by_modality": _by_modality(done.prompt),
        "total_cached_tokens": cached,
        "total_output_tokens": done.output_tokens,
    }
    if cached:
        counts["cached_tokens_by_modality"] = _by_modality(done.cached)
    if done.made:
        counts["output_tokens_by_modality"] = _by_modality(done.made)
    counts["total_tool_use_tokens"] = done.tool_use_tokens
    if done.tool_use_tokens:
        counts["tool_use_tokens_by_modality"] = _by_modality({"TEXT": done.tool_use_tokens})
    counts["total_thought_tokens"] = done.thinking_tokens
    if tools := _grounding_tools(done):
        counts["grounding_tool_count"] = tools
    return counts


def _grounding_tools(done: Generation) -> list[Document]:
    grounding = done.grounding or {}
    found: list[Document] = []
    if queries := grounding.get("webSearchQueries"):
        found.append({"type": "google_search", "count": len(queries)})
    if any("maps" in each for each in grounding.get("groundingChunks", ())):
        found.append({"type": "google_maps", "count": 1})
    return found


def _by_modality(counts: dict[str, int]) -> list[Document]:
    return [
        {"modality": modality.lower(), "tokens": count}
        for modality, count in counts.items()
        if count
    ]


def _identity(told: Told, *, begun: bool = False) -> Document:
    named = {"agent" if told.agent else "model": told.asked_name}
    if begun:
        return {"object": "interaction"} | named
    return {
        "created": told.moment,
        "updated": told.moment,
        "service_tier": told.done.service_tier,
        "object": "interaction",
    } | named


def _steps(done: Generation) -> list[Document]:
    steps: list[Document] = []
    if done.thinking_tokens:
        thought: Document = {"signature": done.signature or ""}
        if done.thought_text:
            thought["summary"] = [{"text": done.thought_text, "type": "text"}]
        steps.append(thought | {"type": "thought"})
    content: list[Document] = [{"text": done.text, "type": "text"}] if done.text else []
    for part in done.extras:
        if call := part.get("functionCall"):
            steps.append(
                {
                    "id": call.get("id") or f"call_{done.response_id[:12]}",
                    "name": call["name"],
                    "arguments": call["args"],
                    "type": "function_call",
                }
            )
        elif data := part.get("inlineData"):
            kind = data["mimeType"].partition("/")[0]
            content.append(
                {"data": data["data"], "mime_type": data["mimeType"].partition(";")[0],
                 "type": kind}
            )  # fmt: skip
    if content:
        steps.append({"content": content, "type": "model_output"})
    return steps


def _step_events(index: int, step: Document) -> list[bytes]:
    begun = {"type": step["type"]} if step["type"] == "model_output" else step
    found = [_event("step.start", {"index": index, "step": begun})]
    for content in step.get("content", ()):
        if "text" not in content:
            found.append(_event("step.delta", {"index": index, "delta": content}))
            continue
        text = content["text"]
        for at in range(0, len(text), _DELTA_CHARACTERS):
            delta = {"text": text[at : at + _DELTA_CHARACTERS], "type": "text"}
            found.append(_event("step.delta", {"index": index, "delta": delta}))
    return [*found, _event("step.stop", {"index": index})]


def _event(kind: str, data: Document) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), one_line(data | {"event_type": kind}))
