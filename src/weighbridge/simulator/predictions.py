"""predict: pictures of Imagen, songs of Lyria, vectors of Vertex's older models.

Source: google-genai 3.4.0's converters, Google's page on Lyria (read 2026-11-22); a picture
that was filtered leaves a reason in its place.
"""

from typing import Any

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.dice import dice
from weighbridge.simulator.embeddings import predicted_vectors
from weighbridge.simulator.labels import labels_problem
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.problems import Problem, invalid, unknown_field
from weighbridge.simulator.prose import picture, sound

_MOST_PICTURES = 8
_FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated "
    "Google's Responsible AI practices."
)
_NO_INSTANCE = invalid("* PredictRequest.instances: instances is not specified\n")


def predict(context: Context) -> Reply:
    """Whatever the model of the path makes."""
    document = parse_json(context.request.body)
    problem = document if isinstance(document, Problem) else _problem(context, document)
    if problem is not None:
        return problem.reply(context.call)
    assert not isinstance(document, Problem)
    instances = document["instances"]
    parameters = document.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if "embedding" in context.call.model or "gecko" in context.call.model:
        size = parameters.get("outputDimensionality")
        size = size if isinstance(size, int) and size > 0 else None
        return context.reply(predicted_vectors(instances, context.call.model, size), wait=0.15)
    if "lyria" in context.call.model:
        return context.reply(_songs(context, parameters), wait=5.0)
    return context.reply(_pictures(context, parameters), wait=3.0)


def _problem(context: Context, document: Document) -> Problem | None:
    instances = document.get("instances")
    if not isinstance(instances, list) or not instances:
        return _NO_INSTANCE
    if not context.call.vertex:
        return unknown_field("labels") if "labels" in document else None
    return labels_problem(document.get("labels"))


def _pictures(context: Context, parameters: Document) -> Document:
    roll = dice(context.fingerprint)
    count = _count(parameters.get("sampleCount"))
    made: list[Document] = [
        {"mimeType": "image/png", "bytesBase64Encoded": picture(roll)} for _ in range(count)
    ]
    if context.scenario.filters:
        kept = count // 2
        made[kept:] = [{"raiFilteredReason": _FILTERED}] * (count - kept)
    return {"predictions": made}


def _songs(context: Context, parameters: Document) -> Document:
    roll, call = dice(context.fingerprint), context.call
    count = _count(parameters.get("sampleCount") or parameters.get("sample_count"))
    place = f"projects/{call.project}/locations/{call.location}/publishers/google/models/"
    return {
        "predictions": [
            {"audioContent": sound(roll), "mimeType": "audio/wav"} for _ in range(count)
        ],
        "deployedModelId": "1234567890123456789",
        "model": f"{place}{call.model}",
        "modelDisplayName": "Lyria 2",
    }


def _count(asked: Any) -> int:
    return min(asked, _MOST_PICTURES) if isinstance(asked, int) and asked > 0 else 1
