"""Long-running operations by name, and the videos that most of them make.

Source: google-genai 3.4.0's converters for both APIs; the videos themselves are filler. The
Developer API answers with a file to download, Vertex with a place in a bucket or the bytes.
"""

import base64
from typing import Any

import msgspec

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import GOOGLE, Context
from weighbridge.simulator.course import DONE, Course
from weighbridge.simulator.dice import dice
from weighbridge.simulator.files import make_file
from weighbridge.simulator.labels import labels_problem
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid

_DEVELOPER_TYPE = (
    "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
)
_VERTEX_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
_VIDEO_BYTES = 2048
_MOST_VIDEOS = 4
_FILTERED = "Videos were filtered out because they violated Google's usage guidelines."
_NO_INSTANCE = invalid("* PredictLongRunningRequest.instances: instances is not specified\n")


class Operation(msgspec.Struct, kw_only=True):
    """One operation: its course, and what it answers once it is done."""

    name: str
    course: Course
    response: Document

    def shown(self) -> Document:
        """The operation as it stands."""
        state = self.course.state
        if state == DONE:
            return {"name": self.name, "done": True, "response": self.response}
        if self.course.ended:
            error = {"code": 13, "message": f"The operation has {state}."}
            return {"name": self.name, "done": True, "error": error}
        return {"name": self.name}


def operations(context: Context) -> Reply:
    """An operation as it stands; this reading takes it one state further."""
    return _read(context, context.call.path.removeprefix(f"/{context.call.version}/"))


def fetch_predict_operation(context: Context) -> Reply:
    """Vertex's way to read an operation: its name is in the body."""
    document = parse_json(context.request.body)
    if isinstance(document, Problem):
        return document.reply(context.call)
    return _read(context, str(document.get("operationName", "")))


def predict_long_running(context: Context) -> Reply:
    """Begins to make videos."""
    document = parse_json(context.request.body)
    problem = document if isinstance(document, Problem) else _problem(context, document)
    if problem is not None:
        return problem.reply(context.call)
    assert not isinstance(document, Problem)
    call, parameters = context.call, document.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    asked = parameters.get("sampleCount") or parameters.get("numberOfVideos") or 1
    count = min(asked, _MOST_VIDEOS) if isinstance(asked, int) and asked > 0 else 1
    folder = f"models/{call.model}"
    if call.vertex:
        place = f"projects/{call.project}/locations/{call.location}/" if call.project else ""
        folder = f"{place}publishers/{call.publisher}/{folder}"
    name = f"{folder}/operations/{context.fingerprint[:26]}"
    made = Operation(
        name=name,
        course=Course(states=context.scenario.course),
        response=_videos(context, count, parameters.get("storageUri")),
    )
    context.state.operations.put(name, made)
    return context.reply({"name": name}, wait=0.5)


def _problem(context: Context, document: Document) -> Problem | None:
    instances = document.get("instances")
    if not isinstance(instances, list) or not instances:
        return _NO_INSTANCE
    return labels_problem(document.get("labels")) if context.call.vertex else None


def _read(context: Context, name: str) -> Reply:
    found: Any = context.state.operations.get(name)
    if not isinstance(found, Operation):
        return NOT_FOUND.reply(context.call)
    found.course.read()
    return context.reply(found.shown(), wait=0.05)


def _videos(context: Context, count: int, bucket: str | None) -> Document:
    """The response of a finished operation; a filtered video counts and is not there."""
    kept = count // 2 if context.scenario.filters else count
    lost: Document = {}
    if kept < count:
        lost = {"raiMediaFilteredCount": count - kept, "raiMediaFilteredReasons": [_FILTERED]}
    if context.call.vertex:
        videos = [_vertex_video(context, number, bucket) for number in range(kept)]
        return {"@type": _VERTEX_TYPE, "raiMediaFilteredCount": 0} | lost | {"videos": videos}
    samples = [{"video": {"uri": _download(context, number)}} for number in range(kept)]
    made: Document = {"generatedSamples": samples} if samples else {}
    return {"@type": _DEVELOPER_TYPE, "generateVideoResponse": made | lost}


def _vertex_video(context: Context, number: int, bucket: str | None) -> Document:
    if bucket:
        uri = f"{bucket.rstrip('/')}/{context.fingerprint[:12]}/sample_{number}.mp4"
        return {"gcsUri": uri, "mimeType": "video/mp4"}
    return {"bytesBase64Encoded": base64.b64encode(_film(context, number)).decode(),
            "mimeType": "video/mp4"}  # fmt: skip


def _download(context: Context, number: int) -> str:
    name = f"{context.fingerprint[:11]}{number}"
    make_file(context, name, mime="video/mp4", content=_film(context, number), source="GENERATED")
    return f"{GOOGLE}/{context.call.version}/files/{name}:download?alt=media"


def _film(context: Context, number: int) -> bytes:
    """Bytes that begin as an MP4 file does."""
    return b"\x00\x00\x00\x18ftypmp42" + dice(context.fingerprint, number).randbytes(_VIDEO_BYTES)
