"""embedContent, batchEmbedContents, and the predict of Vertex's embeddings and of Imagen.

Source: recorded batchEmbedContents (`promptTokenDetails`, no "s", and for gemini-embedding-2
only); predict shapes are from memory.
"""

import math
from typing import Any

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.dice import dice
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.problems import Problem, invalid
from weighbridge.simulator.prose import picture
from weighbridge.simulator.tokens import contents_tokens, text_tokens

_WAIT = 0.15


def vector(text: str, model: str, size: int | None = None) -> list[float]:
    """A unit vector that depends on the text and the model alone."""
    size = size or (3072 if "gemini" in model else 768)
    roll = dice("vector", model, text)
    raw = [roll.gauss(0, 1) for _ in range(size)]
    length = math.sqrt(sum(each * each for each in raw))
    return [round(each / length, 9) for each in raw]


def embed_content(context: Context) -> Reply:
    """The vector of one content."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    answer: Document = {"embedding": {"values": _values(document, context.call.model)}}
    answer |= _usage(context, [document])
    return context.reply(answer, wait=_WAIT)


def batch_embed_contents(context: Context) -> Reply:
    """The vectors of several contents."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    requests = document.get("requests")
    if not isinstance(requests, list) or not requests:
        problem = invalid("* BatchEmbedContentsRequest.requests: requests is not specified\n")
        return problem.reply(context.call)
    requests = [each for each in requests if isinstance(each, dict)]
    answer: Document = {
        "embeddings": [{"values": _values(each, context.call.model)} for each in requests]
    }
    return context.reply(answer | _usage(context, requests), wait=_WAIT)


def predict(context: Context) -> Reply:
    """Pictures for Imagen, vectors for text embeddings on Vertex."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    instances = document.get("instances")
    instances = instances if isinstance(instances, list) else []
    parameters = document.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if "embedding" in context.call.model:
        return context.reply(_predicted_vectors(instances, context.call.model), wait=_WAIT)
    count = parameters.get("sampleCount")
    roll = dice(context.fingerprint)
    pictures = [
        {"mimeType": "image/png", "bytesBase64Encoded": picture(roll)}
        for _ in range(count if isinstance(count, int) and 0 < count <= 8 else 1)
    ]
    return context.reply({"predictions": pictures}, wait=3.0)


def _predicted_vectors(instances: list[Any], model: str) -> Document:
    texts = [str(each.get("content", "")) for each in instances if isinstance(each, dict)]
    predictions = [
        {
            "embeddings": {
                "statistics": {"truncated": False, "token_count": text_tokens(text)},
                "values": vector(text, model),
            }
        }
        for text in texts
    ]
    characters = sum(len("".join(text.split())) for text in texts)
    return {"predictions": predictions, "metadata": {"billableCharacterCount": characters}}


def _values(document: Document, model: str) -> list[float]:
    size = document.get("outputDimensionality") or document.get("output_dimensionality")
    content = document.get("content")
    return vector(str(content), model, size if isinstance(size, int) and size > 0 else None)


def _usage(context: Context, requests: list[Document]) -> Document:
    if "embedding-2" not in context.call.model:
        return {}
    tokens = sum(sum(contents_tokens(each.get("content")).values()) for each in requests)
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return {"usageMetadata": {"promptTokenCount": tokens, "promptTokenDetails": details}}
