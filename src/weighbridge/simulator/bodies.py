"""A drawn call as the request that a program would send: path and body.

Hides each operation's form. Counterpart: `traffic` adds headers and sends it.
"""

import random
from typing import Any

import msgspec

from weighbridge.simulator.draws import Draw
from weighbridge.simulator.prose import phrase

_CHARACTERS_PER_TOKEN = 4
_MOST_PROMPT_TOKENS = 260_000
_CLOUD_PROJECT = "nordhafen-research"
_FILLER = "weigh every lorry that crosses the bridge and never open its cargo; "
_TOOL = {
    "functionDeclarations": [
        {
            "name": "look_up",
            "parameters": {
                "type": "OBJECT",
                "properties": {"query": {"type": "STRING"}, "limit": {"type": "INTEGER"}},
            },
        }
    ]
}
_MIMES = {"IMAGE": "image/jpeg", "AUDIO": "audio/mp3", "DOCUMENT": "application/pdf"}


def request_of(drawn: Draw, roll: random.Random) -> tuple[str, bytes]:
    """Path and body of a drawn call."""
    makers = {
        "batchEmbedContents": _embedding,
        "predict": _prediction,
        "rawPredict": _messages,
        "batchGenerateContent": _batch,
    }
    body = makers.get(drawn.workload.operation, _generation)(drawn, roll)
    labelled = drawn.workload.location is not None and "text-embedding" not in drawn.model
    if labelled and drawn.workload.labels:
        body["labels"] = drawn.workload.labels
    return _path(drawn), msgspec.json.encode(body)


def _path(drawn: Draw) -> str:
    workload = drawn.workload
    operation = "streamGenerateContent" if drawn.streamed else workload.operation
    path = f"models/{drawn.model}:{operation}" + ("?alt=sse" if drawn.streamed else "")
    if workload.location is None:
        return f"/v1beta/{path}"
    place = f"projects/{_CLOUD_PROJECT}/locations/{workload.location}"
    return f"/v1/{place}/publishers/{workload.publisher}/{path}"


def _generation(drawn: Draw, roll: random.Random) -> dict[str, Any]:
    workload = drawn.workload
    body: dict[str, Any] = {"contents": _contents(drawn, phrase(roll, 8))}
    body["generationConfig"] = {"maxOutputTokens": workload.most_output}
    tools: list[dict[str, Any]] = [_TOOL] if drawn.calls_function else []
    tools += [{"googleSearch": {}}] if drawn.searches else []
    if tools:
        body["tools"] = tools
    if workload.tier != "standard" and workload.location is None:
        body["serviceTier"] = workload.tier
    return body


def _embedding(drawn: Draw, roll: random.Random) -> dict[str, Any]:
    parts = [{"text": _text(drawn.text_tokens, phrase(roll, 8))}]
    request = {"model": f"models/{drawn.model}", "content": {"parts": parts}}
    return {"requests": [request | {"outputDimensionality": 256}]}


def _prediction(drawn: Draw, roll: random.Random) -> dict[str, Any]:
    """Vectors of the oldest models, or pictures."""
    text = _text(drawn.text_tokens, phrase(roll, 8))
    if "embedding" in drawn.model:
        return {"instances": [{"content": text}], "parameters": {"outputDimensionality": 128}}
    return {"instances": [{"prompt": text}], "parameters": {"sampleCount": roll.randint(1, 4)}}


def _messages(drawn: Draw, roll: random.Random) -> dict[str, Any]:
    return {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 2048,
        "messages": [{"role": "user", "content": _text(drawn.text_tokens, phrase(roll, 8))}],
    }


def _batch(drawn: Draw, roll: random.Random) -> dict[str, Any]:
    requests = [
        {"request": {"contents": _contents(drawn, phrase(roll, 8))}}
        for _ in range(drawn.workload.requests)
    ]
    return {"batch": {"inputConfig": {"requests": {"requests": requests}}}}


def _contents(drawn: Draw, question: str) -> list[dict[str, Any]]:
    """A conversation whose first turn repeats from call to call, where the agent has one."""
    tokens = min(drawn.text_tokens, _MOST_PROMPT_TOKENS)
    turns: list[dict[str, Any]] = []
    if drawn.prefix_tokens:
        prefix = min(drawn.prefix_tokens, tokens)
        standing = _text(prefix, f"You are {drawn.workload.agent}.")
        turns.append({"role": "user", "parts": [{"text": standing}]})
        turns.append({"role": "model", "parts": [{"text": "Understood."}]})
        tokens = max(1, tokens - prefix)
    parts: list[dict[str, Any]] = [{"text": _text(tokens, question)}]
    for modality in drawn.media:
        file = {"mimeType": _MIMES[modality], "fileUri": "https://example.com/files/demo"}
        parts.append({"fileData": file})
    return [*turns, {"role": "user", "parts": parts}]


def _text(tokens: int, start: str) -> str:
    size = max(len(start), tokens * _CHARACTERS_PER_TOKEN)
    return (f"{start} " + _FILLER * (size // len(_FILLER) + 1))[:size]
