"""embedContent, batchEmbedContents, and the vectors of Vertex's older predict.

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
    return context.reply(vector_answer(context, document), wait=_WAIT)


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


def vector_answer(context: Context, request: Document) -> Document:
    """The answer to one request of a batch of vectors."""
    answer: Document = {"embedding": {"values": _values(request, context.call.model)}}
    return answer | _usage(context, [request])


def predicted_vectors(instances: list[Any], model: str, size: int | None) -> Document:
    """What Vertex's older models answer to `predict`: vectors with their statistics."""
    texts = [str(each.get("content", "")) for each in instances if isinstance(each, dict)]
    predictions = [
        {
            "embeddings": {
                "statistics": {"truncated": False, "token_count": text_tokens(text)},
                "values": vector(text, model, size),
            }
        }
        for text in texts
    ]
    characters = sum(len("".join(text.split())) for text in texts)
    return {"predictions": predictions, "metadata": {"billableCharacterCount": characters}}


def _values(document: Document, model: str) -> list[float]:
    inner = document.get("embedContentConfig")
    given = document | (inner if isinstance(inner, dict) else {})
    size = given.get("outputDimensionality") or given.get("output_dimensionality")
    content = document.get("content")
    return vector(str(content), model, size if isinstance(size, int) and size > 0 else None)


def _usage(context: Context, requests: list[Document]) -> Document:
    """Counts, which the Developer API gives for its second model only and Vertex for all."""
    if "embedding-2" not in context.call.model and not context.call.vertex:
        return {}
    tokens = sum(sum(contents_tokens(each.get("content")).values()) for each in requests)
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    if not context.call.vertex:
        return {"usageMetadata": {"promptTokenCount": tokens, "promptTokenDetails": details}}
    usage: Document = {"promptTokenCount": tokens, "totalTokenCount": tokens}
    usage |= {"trafficType": "ON_DEMAND", "promptTokensDetails": details}
    return {"usageMetadata": usage, "truncated": False}
