"""The faults by name: what each does to the model's answer, to its documents, to the wire.

A scenario is chosen for the whole simulator, by the header `x-simulator-scenario`, or by a
model name `sim-NAME`. Rules for future edits: a name that tests use keeps its meaning; each
has its line in the tests.
"""

from collections.abc import Callable

import msgspec

from weighbridge.simulator import faults, problems
from weighbridge.simulator.faults import Options
from weighbridge.simulator.generation import Generation
from weighbridge.simulator.messages import Document
from weighbridge.simulator.plan import Plan
from weighbridge.simulator.problems import Problem
from weighbridge.simulator.wire import Framed

HEADER = b"x-simulator-scenario"
MODEL_PREFIX = "sim-"


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    `problem` replaces the answer; `reshape` changes what the model did; `rewrite` changes the
    printed documents; `breaks` puts an error into a stream (`event` or `bare`); `play` bends
    the wire; `early` answers before the body was read; `expects` is about 100-continue;
    `course` are the states of a long job as its readings show them; `spoils` lets every other
    request of a batch fail; `filters` withholds half of the pictures or videos.
    """

    name: str
    summary: str
    problem: Problem | None = None
    reshape: Callable[[Generation], None] | None = None
    rewrite: Callable[[list[Document]], list[Document]] | None = None
    breaks: str | None = None
    play: Callable[[Framed, Options], Plan] | None = None
    early: bool = False
    expects: str = "continue"
    course: tuple[str, ...] = ("succeeded",)
    spoils: bool = False
    filters: bool = False


def _blocked(done: Generation) -> None:
    done.text, done.thought_text, done.extras = "", "", []
    done.made, done.extra_tokens, done.thinking_tokens = {}, 0, 0
    done.signature, done.tool_use_tokens = None, 0
    done.finish_reason, done.block_reason = None, "PROHIBITED_CONTENT"


def _safety(done: Generation) -> None:
    _blocked(done)
    done.finish_reason, done.block_reason = "SAFETY", None


def _only_thinking(done: Generation) -> None:
    thinking = max(done.thinking_tokens, 64)
    _blocked(done)
    done.thinking_tokens = thinking
    done.finish_reason, done.block_reason = "MAX_TOKENS", None


def _empty_stop(done: Generation) -> None:
    _blocked(done)
    done.finish_reason, done.block_reason = "STOP", None


def _prefixed(done: Generation) -> None:
    done.model_version = f"models/{done.model_version}"


def _without_usage(documents: list[Document]) -> list[Document]:
    return [
        {key: value for key, value in each.items() if key != "usageMetadata"} for each in documents
    ]


def _traffic_type_only(documents: list[Document]) -> list[Document]:
    return [each | {"usageMetadata": {"trafficType": "ON_DEMAND"}} for each in documents]


def _thoughts_inside(documents: list[Document]) -> list[Document]:
    """Counts as old preview models gave them: the answer's count holds the thoughts."""
    changed = []
    for each in documents:
        usage = dict(each.get("usageMetadata", {}))
        if "candidatesTokenCount" in usage:
            usage["candidatesTokenCount"] += usage.get("thoughtsTokenCount", 0)
        changed.append(each | {"usageMetadata": usage})
    return changed


def _counts(**wrong: object) -> Callable[[list[Document]], list[Document]]:
    def rewrite(documents: list[Document]) -> list[Document]:
        return [
            each | {"usageMetadata": dict(each.get("usageMetadata", {})) | wrong}
            for each in documents
        ]

    return rewrite


def _repeated_searches(done: Generation) -> None:
    """Says each query twice and an empty one, as real answers do now and then."""
    if done.grounding and "webSearchQueries" in done.grounding:
        queries = done.grounding["webSearchQueries"]
        done.grounding = done.grounding | {"webSearchQueries": [*queries, "", *queries]}


_HUGE = 10**30
_NEGATIVE = _counts(promptTokenCount=-5, candidatesTokenCount=-1, totalTokenCount=-6)
_ENORMOUS = _counts(promptTokenCount=2**63, candidatesTokenCount=_HUGE, totalTokenCount=_HUGE)
_TEXT = _counts(promptTokenCount="many", candidatesTokenCount="7", totalTokenCount=None)
_MIXED = _counts(promptTokenCount=-5, candidatesTokenCount=_HUGE, thoughtsTokenCount="x")

SCENARIOS: dict[str, Scenario] = {
    each.name: each
    for each in (
        Scenario(name="ok", summary="no fault"),
        Scenario(name="quota_429", summary="429 with RetryInfo", problem=problems.QUOTA),
        Scenario(name="unavailable_503", summary="503", problem=problems.UNAVAILABLE),
        Scenario(name="internal_500", summary="500", problem=problems.INTERNAL),
        Scenario(name="invalid_400", summary="400, a bad role", problem=problems.INVALID_ROLE),
        Scenario(name="permission_403", summary="403, API disabled", problem=problems.DENIED),
        Scenario(name="not_found_404", summary="404", problem=problems.NOT_FOUND),
        Scenario(name="blocked_prompt", summary="prompt blocked", reshape=_blocked),
        Scenario(name="safety_stop", summary="answer withheld", reshape=_safety),
        Scenario(name="max_tokens_thinking", summary="thinking only", reshape=_only_thinking),
        Scenario(name="empty_stop", summary="no text, STOP", reshape=_empty_stop),
        Scenario(name="models_prefix", summary="modelVersion with models/", reshape=_prefixed),
        Scenario(name="no_usage", summary="no usageMetadata", rewrite=_without_usage),
        Scenario(
            name="traffic_type_only", summary="usage without counts", rewrite=_traffic_type_only
        ),
        Scenario(
            name="thoughts_inside_candidates",
            summary="candidates include thoughts",
            rewrite=_thoughts_inside,
        ),
        Scenario(name="wrong_counts", summary="negative, huge and text", rewrite=_MIXED),
        Scenario(name="wrong_counts_negative", summary="negative counts", rewrite=_NEGATIVE),
        Scenario(name="wrong_counts_huge", summary="counts beyond 64 bits", rewrite=_ENORMOUS),
        Scenario(name="wrong_counts_text", summary="counts that are text", rewrite=_TEXT),
        Scenario(name="error_mid_stream", summary="503 as an event", breaks="event"),
        Scenario(name="error_mid_stream_bare", summary="503 without data:", breaks="bare"),
        Scenario(name="slow", summary="answers after 2 s", play=faults.slow),
        Scenario(name="slow_headers", summary="head byte by byte", play=faults.slow_headers),
        Scenario(name="slow_chunks", summary="0.2 s a chunk", play=faults.slow_chunks),
        Scenario(name="hang", summary="never answers", play=faults.hang),
        Scenario(
            name="held_before_answer",
            summary="waits for release()",
            play=faults.held_before_answer,
        ),
        Scenario(name="held_mid_stream", summary="half, then waits", play=faults.held_mid_stream),
        Scenario(name="reset_before_answer", summary="reset", play=faults.reset_before_answer),
        Scenario(name="close_before_answer", summary="close", play=faults.close_before_answer),
        Scenario(name="cut_mid_head", summary="half a head", play=faults.cut_mid_head),
        Scenario(name="cut_mid_body", summary="short of its length", play=faults.cut_mid_body),
        Scenario(name="cut_mid_stream", summary="no last chunk", play=faults.cut_mid_stream),
        Scenario(name="reset_mid_stream", summary="reset after half", play=faults.reset_mid_stream),
        Scenario(
            name="close_after_answer",
            summary="closes a kept-alive connection",
            play=faults.close_after_answer,
        ),
        Scenario(
            name="connection_close", summary="Connection: close", play=faults.connection_close
        ),
        Scenario(name="until_close", summary="body ends by close", play=faults.until_close),
        Scenario(name="http10", summary="HTTP/1.0", play=faults.http10),
        Scenario(name="interim_103", summary="early hints first", play=faults.interim_103),
        Scenario(name="trailers", summary="two trailer fields", play=faults.trailers),
        Scenario(name="chunked_odd", summary="one byte a chunk", play=faults.chunked_odd),
        Scenario(name="bad_chunk_size", summary="broken chunk", play=faults.bad_chunk_size),
        Scenario(name="malformed_head", summary="no HTTP", play=faults.malformed_head),
        Scenario(name="huge", summary="100 MB, made as it goes", play=faults.huge),
        Scenario(name="bad_gzip", summary="gzip that is none", play=faults.bad_gzip),
        Scenario(name="status_204", summary="no content", play=faults.status_204),
        Scenario(name="status_304", summary="not modified", play=faults.status_304),
        Scenario(name="early_answer", summary="400 before the body ended", early=True),
        Scenario(
            name="early_answer_close",
            summary="400 before the body ended, then closes",
            early=True,
            play=faults.connection_close,
        ),
        Scenario(name="expect_strict", summary="400 to an unasked body", expects="strict"),
        Scenario(
            name="repeated_searches",
            summary="search queries twice, one empty",
            reshape=_repeated_searches,
        ),
        Scenario(
            name="job_slow",
            summary="pending, running, done by readings",
            course=("pending", "running", "succeeded"),
        ),
        Scenario(name="job_pending", summary="a job never starts", course=("pending",)),
        Scenario(name="job_failed", summary="a job fails", course=("failed",)),
        Scenario(name="job_expired", summary="a job expires", course=("expired",)),
        Scenario(name="job_partial", summary="every other request of a batch fails", spoils=True),
        Scenario(name="media_filtered", summary="half of the pictures or videos", filters=True),
        Scenario(name="upload_cut", summary="an upload's first step is reset half-way"),
        Scenario(name="upload_lost", summary="an upload's id is not known later"),
        Scenario(
            name="expect_refused", summary="417 to 100-continue", early=True, expects="refused"
        ),
    )
}


def named(name: str) -> Scenario | None:
    """The scenario of a name, written with `_` or `-`."""
    return SCENARIOS.get(name.replace("-", "_"))


def of_model(model: str) -> Scenario | None:
    """The scenario of a model name `sim-NAME`; None for any other model."""
    return named(model.removeprefix(MODEL_PREFIX)) if model.startswith(MODEL_PREFIX) else None
