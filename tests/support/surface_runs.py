"""Programs that use all of Google's surface, played with and without a gateway.

Hides which calls a step makes, and that each program is played once for all the tests that look
at what came of it. The upstream that is met directly is another process than the one behind the
gateway; both say the same to the same request.
"""

from dataclasses import dataclass
from typing import Any

from processes import PATIENCE_S, Bridge, wait_until
from sdk_programs import (
    ANTHROPIC_VERTEX,
    GENAI_JOBS,
    GENAI_VERTEX,
    JS_GENAI_JOBS,
    JS_GENAI_VERTEX,
    OPENAI,
    Job,
    Program,
    play,
)
from wiretap import Answer, Wiretap

GENERATE, STREAM, PREDICT = "generateContent", "streamGenerateContent", "predict"
UPLOAD = "uploadFile"
BATCH = ("batchGenerateContent", "getBatch")
CACHES = ("createCachedContent", GENERATE, "updateCachedContent", "deleteCachedContent")
# What each step of a program calls, in order.
_STEPS: dict[Program, dict[str, tuple[str, ...]]] = {
    GENAI_VERTEX: {
        "generate": (GENERATE,),
        "stream": (STREAM,),
        "generate_async": (GENERATE,),
        "stream_async": (STREAM,),
        "count": ("countTokens", "computeTokens"),
        "embed": ("embedContent", PREDICT),
        "images": (PREDICT,),
        "videos": ("predictLongRunning", "fetchPredictOperation"),
        "caches": CACHES,
        "batch": ("createBatchPredictionJob", "getBatchPredictionJob"),
        "express": (GENERATE,),
    },
    GENAI_JOBS: {
        "files": (UPLOAD, UPLOAD, UPLOAD, "getFile", GENERATE, "listFiles", "deleteFile"),
        "files_async": (UPLOAD, UPLOAD, "deleteFile"),
        "batch_inline": (*BATCH, "getBatch"),
        "batch_file": (UPLOAD, UPLOAD, *BATCH, "downloadFile"),
        "batch_embeddings": ("asyncBatchEmbedContent", "getBatch"),
        "batch_ended": (BATCH[0], "cancelBatch", "listBatches", "deleteBatch"),
        "caches": CACHES,
        "interactions": ("createInteraction", "getInteraction"),
        "interactions_stream": ("createInteraction",),
        "interactions_background": ("createInteraction", "getInteraction"),
        "stores": (
            "createFileSearchStore",
            "uploadToFileSearchStore",
            "uploadToFileSearchStore",
            "getOperation",
            "deleteFileSearchStore",
        ),
    },
    JS_GENAI_VERTEX: {
        "generate": (GENERATE,),
        "stream": (STREAM,),
        "embed": (PREDICT,),
        "images": (PREDICT,),
        "express": (GENERATE,),
    },
    JS_GENAI_JOBS: {
        "files": (UPLOAD, UPLOAD, UPLOAD, "getFile", "deleteFile"),
        "batch": BATCH,
        "caches": CACHES,
        "videos": ("predictLongRunning", "getOperation", "downloadFile"),
        "interactions": ("createInteraction", "createInteraction"),
    },
    ANTHROPIC_VERTEX: {
        "message": ("rawPredict",),
        "cached": ("rawPredict",),
        "stream": ("streamRawPredict",),
        "count": ("countTokens",),
    },
    OPENAI: {
        "images": ("images.generations",),
        "responses": ("responses",),
        "completions": ("completions",),
    },
}

PROGRAMS = tuple(_STEPS)
# Rows of jobs that came to an end, beside those of calls: batches, videos, interactions.
SETTLED = {GENAI_VERTEX: 1, GENAI_JOBS: 4, JS_GENAI_JOBS: 2}


@dataclass(frozen=True)
class Run:
    """What a program got with and without a gateway, and the rows that it left."""

    plain: dict[str, dict[str, Any]]
    weighed: dict[str, dict[str, Any]]
    direct: list[Answer]
    through: list[Answer]
    url: str
    token_id: str
    expected: list[tuple[str, str]]
    calls: list[dict[str, Any]]
    settled: list[dict[str, Any]]

    def rows(self, step: str) -> list[dict[str, Any]]:
        """Rows of the calls of a step, in their order."""
        steps = [name for name, _ in self.expected]
        return [row for name, row in zip(steps, self.calls, strict=True) if name == step]


def run(program: Program, *, upstream: str, bridge: Bridge) -> Run:
    """Plays a program against an upstream, then through a gateway."""
    steps = _STEPS[program]
    agent = f"agent-{program.file}"
    token = bridge.token(f"all-{program.file}")
    headers = {"X-Weighbridge-Key": token["token"], "X-Agent": agent}
    with Wiretap(upstream) as direct, Wiretap(bridge.url) as through:
        plain = play(program, Job(direct.url, tuple(steps)))
        weighed = play(program, Job(through.url, tuple(steps), headers))
    expected = [(name, operation) for name, called in steps.items() for operation in called]
    rows = _rows(bridge, agent, len(expected) + SETTLED.get(program, 0))
    return Run(
        plain=plain,
        weighed=weighed,
        direct=direct.answers,
        through=through.answers,
        url=through.url,
        token_id=token["id"],
        expected=expected,
        calls=[row for row in rows if row["status"]],
        settled=[row for row in rows if not row["status"]],
    )


def _rows(bridge: Bridge, agent: str, count: int) -> list[dict[str, Any]]:
    """The rows of an agent, once there are as many as expected, or time is over."""

    def found() -> list[dict[str, Any]] | None:
        rows = bridge.rows(agent=agent)
        return rows if len(rows) >= count else None

    try:
        return wait_until(found, PATIENCE_S, "rows are missing")
    except AssertionError:
        return bridge.rows(agent=agent)
