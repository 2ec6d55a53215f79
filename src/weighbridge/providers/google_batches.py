"""Batches of the Developer API: their creation, and what their answers came to.

Hides where the answers of a batch are. Inlined ones stand in the batch itself, once under its
metadata and once more as the operation's response; the others in a file, which the finished
batch names and a download reads. Either is summed in little memory, however large. Rules for
future edits: an answer that failed costs nothing; the same answers are counted once; whatever
other file is downloaded, nobody claims its sum, and it must cost next to nothing to read.
A batch of Vertex leaves its answers in a bucket or a table, which no call here reads: it stays
unmetered.
Source: recorded creation (posit-dev/chatlas); BatchJob of google-genai 3.4.0 for the finished
form; Batch API documentation for the lines of a file, read 2026-11-21.
Counterpart: `batch_answers` sums the answers, `core/resource` for what is told.
"""

from typing import Final

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
)
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.batch_answers import ANSWER_PATHS, AnswerSum
from weighbridge.providers.json_walk import Wanted, wanted
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.resource_names import keep_resource
from weighbridge.providers.walking import WalkingReader, instant_us, text

BATCH_TIER: Final = "batch"
_MOST_LISTED: Final = 1000
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
# States that tell, without any answers, that there is nothing to pay.
_FRUITLESS: Final = frozenset({"FAILED", "EXPIRED"})
_OUTPUTS: Final = {
    "metadata": (
        "metadata.output.inlinedResponses",
        "metadata.output.inlinedEmbedContentResponses",
    ),
    "response": ("response.inlinedResponses", "response.inlinedEmbedContentResponses"),
}
_FILES: Final = ("metadata.output.responsesFile", "response.responsesFile", "dest.fileName")


def _paths(before: str) -> Wanted:
    """Paths of a batch, given what stands before it: nothing, or the list that it is in."""
    values = {
        "name": "name",
        "metadata.model": "model",
        "metadata.state": "state",
        "metadata.createTime": "created",
        "state": "state",
        "model": "model",
        **dict.fromkeys(_FILES, "file"),
    }
    ends = {}
    for copy, lists in _OUTPUTS.items():
        for path in lists:
            answer = f"{path}.inlinedResponses[]"
            ends[answer] = f"{copy}:"
            for below, name in ANSWER_PATHS.items():
                values[f"{answer}.{below}"] = f"{copy}:{name}"
    return wanted(
        {before + path: name for path, name in values.items()},
        {before + path: name for path, name in ends.items()}
        | ({before[:-1]: "batch"} if before else {}),
    )


_ONE: Final = _paths("")
_MANY: Final = _paths("operations[].")


def batch_reader(route: Route) -> WalkingReader:
    """A reader for a batch just created, read again, or listed."""
    return WalkingReader(_MANY if route.operation == "listBatches" else _ONE, BatchFinds(route))


class BatchFinds:
    """Gathers what an answer shows of batches."""

    __slots__ = ("_copies", "_creates", "_events", "_listed", "_model", "_seen", "_settlement")

    def __init__(self, route: Route) -> None:
        self._creates = route.operation in {"batchGenerateContent", "asyncBatchEmbedContent"}
        self._listed = route.operation == "listBatches"
        self._model = route.model
        self._events: list[ResourceEvent] = []
        self._settlement: Settlement | None = None
        self._seen: dict[str, bytes | None] = {}
        self._copies: dict[str, AnswerSum] = {}

    def __repr__(self) -> str:
        return f"<BatchFinds {len(self._events)} told>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member of a batch or of one of its answers, or the end of either."""
        copy, colon, member = name.partition(":")
        if colon:
            sum_ = self._copies.get(copy)
            if sum_ is None:
                sum_ = self._copies[copy] = AnswerSum()
            if member:
                sum_.take(member, value)
            else:
                sum_.end()
        elif name != "batch":
            self._seen.setdefault(name, value)
        else:
            self._end_batch(whole=True)

    def reading(self, *, complete: bool, whole: bool) -> Reading:  # noqa: ARG002 - the protocol's
        """Creation, the file with its results, or what its inlined answers came to."""
        if not self._listed:
            self._end_batch(whole=whole)
        return Reading(
            usage=Usage(),
            usage_source=UsageSource.NONE,
            events=tuple(self._events),
            settlement=self._settlement,
        )

    def _end_batch(self, *, whole: bool) -> None:
        seen, self._seen = self._seen, {}
        copies, self._copies = self._copies, {}
        name = keep_resource(text(seen.get("name")))
        if name is None or len(self._events) >= _MOST_LISTED:
            return
        model = self._model or keep_model(text(seen.get("model")))
        if self._creates:
            self._events.append(
                ResourceEvent(
                    kind=ResourceKind.BATCH,
                    name=name,
                    change=ResourceChange.CREATED,
                    model=model,
                    created_at_us=instant_us(seen.get("created")),
                )
            )
        state = (text(seen.get("state")) or "").rpartition("_STATE_")[2]
        file = keep_resource(text(seen.get("file")))
        if file is not None:
            self._events.append(
                ResourceEvent(
                    kind=ResourceKind.BATCH_RESULTS,
                    name=file,
                    change=ResourceChange.CREATED,
                    model=model,
                    parent=name,
                )
            )
        elif state in _ENDED and not self._listed:
            self._settle(name, model, state, list(copies.values()), whole=whole)

    def _settle(
        self,
        name: str,
        model: str | None,
        state: str,
        copies: list[AnswerSum],
        *,
        whole: bool,
    ) -> None:
        """Settle a batch whose answers are here, or that ended without any."""
        fullest = max(copies, key=lambda copy: copy.answers, default=None)
        if fullest is None and state not in _FRUITLESS:
            return  # Its answers are somewhere else, were masked out, or were cancelled half-way.
        self._settlement = Settlement(
            kind=ResourceKind.BATCH,
            name=name,
            parts=() if fullest is None else fullest.parts(),
            complete=whole and (fullest is None or fullest.is_certain),
            service_tier=BATCH_TIER,
            model=model,
        )
