"""Vertex's batchPredictionJobs: from a bucket into a bucket, so no answer passes by here.

Source: aiplatform's discovery and google-genai 3.4.0's types; the states are those of a course.
"""

from weighbridge.simulator.asked import parse_json
from weighbridge.simulator.context import Context
from weighbridge.simulator.course import DONE, Course
from weighbridge.simulator.labels import labels_problem
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.paging import page
from weighbridge.simulator.problems import NOT_FOUND, Problem, invalid

_REQUESTS = 10
_NO_MODEL = invalid("BatchPredictionJob.model is required.", field="batch_prediction_job.model")


def vertex_batches(context: Context) -> Reply:
    """Create, get, list, cancel, delete."""
    call, shelf = context.call, context.state.operations
    folder = f"projects/{call.project}/locations/{call.location}/batchPredictionJobs"
    if not call.rest:
        if context.request.method == b"POST":
            return _create(context, folder)
        jobs = [_shown(context, *each) for name, each in shelf.items() if name.startswith(folder)]
        return context.reply(page(context, "batchPredictionJobs", jobs))
    identity, _, verb = call.rest.partition(":")
    found = shelf.get(f"{folder}/{identity}")
    if found is None:
        return NOT_FOUND.reply(call)
    job, course = found
    if context.request.method == b"GET":
        course.read()
        return context.reply(_shown(context, job, course))
    if verb == "cancel":
        course.end("cancelled")
    elif context.request.method == b"DELETE":
        del shelf[f"{folder}/{identity}"]
    return context.reply({})


def _create(context: Context, folder: str) -> Reply:
    document = parse_json(context.request.body)
    problem = document if isinstance(document, Problem) else labels_problem(document.get("labels"))
    if problem is not None:
        return problem.reply(context.call)
    assert not isinstance(document, Problem)
    if not document.get("model"):
        return _NO_MODEL.reply(context.call)
    name = f"{folder}/{int(context.fingerprint[:15], 16)}"
    kept = ("displayName", "model", "inputConfig", "outputConfig", "labels")
    job: Document = {"name": name} | {key: document[key] for key in kept if key in document}
    job["createTime"] = context.time()
    course = Course(states=context.scenario.course)
    context.state.operations.put(name, (job, course))
    return context.reply(_shown(context, job, course), wait=0.4)


def _shown(context: Context, job: Document, course: Course) -> Document:
    shown = job | {"state": f"JOB_STATE_{course.state.upper()}", "updateTime": context.time()}
    if course.reads:
        shown["startTime"] = context.time()
    if course.ended:
        shown["endTime"] = context.time()
    if course.state == DONE:
        output = job.get("outputConfig") or {}
        prefix = (output.get("gcsDestination") or {}).get("outputUriPrefix", "gs://sim")
        shown["outputInfo"] = {"gcsOutputDirectory": f"{prefix}/prediction-model"}
        shown["completionStats"] = {"successfulCount": str(_REQUESTS)}
    return shown
