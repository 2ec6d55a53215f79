"""What a worker keeps of its calls, and what it books of what others began."""

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from weighbridge.attribution.identity import Identity
from weighbridge.core.exchange import Exchange
from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage
from weighbridge.errors import LedgerError
from weighbridge.gateway.resources import ResourceKeeper, summed
from weighbridge.ledger.resources import Resources
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.parts import rate_parts
from weighbridge.providers.base import NOTHING_ASKED, Asked, Reading, Route

NOON_US = 1_767_268_800_000_000
HOST = b"generativelanguage.googleapis.com"
OURS = b"http://gw.example"
BOOK = PriceBook.load()
ALICE = Identity(token_id="tok_a", department="lab", project="p", agent="a", labels={"k": "v"})
BOB = Identity(token_id="tok_b")
URL = b"/upload/v1beta/files?upload_id=AKcanary&upload_protocol=resumable"
HEAD = b"HTTP/1.1 200 OK\r\nX-Goog-Upload-URL: https://" + HOST + URL + b"\r\n"


def route(operation: str, model: str | None = None) -> Route:
    return Route(
        provider="google",
        surface="gemini",
        upstream="gemini",
        host=HOST.decode(),
        operation=operation,
        model=model,
    )


UPLOAD = route("uploadFile")
BATCH = route("batchGenerateContent", "gemini-2.5-flash")


@pytest.fixture
def store(tmp_path: Path) -> Resources:
    return Resources.open(tmp_path / "resources.sqlite3")


def keeper(store: Any) -> ResourceKeeper:
    return ResourceKeeper(store, lambda facts, parts: rate_parts(BOOK, facts, parts), node="gw")


def exchange(called: Route | None, identity: Identity = ALICE, **facts: Any) -> Any:
    """As much of an ended exchange as a keeper looks at: it took half a second."""
    given = {"started_us": NOON_US, "started_ns": 0, "ended_ns": 500_000_000, "complete": True}
    return SimpleNamespace(route=called, identity=identity, **(given | facts))


def reading(*events: ResourceEvent, settlement: Settlement | None = None) -> Reading:
    return Reading(
        usage=Usage(), usage_source=UsageSource.NONE, events=events, settlement=settlement
    )


def batch(name: str = "batches/b", **facts: Any) -> ResourceEvent:
    kind, change = ResourceKind.BATCH, ResourceChange.CREATED
    return ResourceEvent(**{"kind": kind, "name": name, "change": change} | facts)


def results(*parts: UsagePart, **facts: Any) -> Settlement:
    given = {"kind": ResourceKind.BATCH, "name": "batches/b", "service_tier": "batch"}
    return Settlement(parts=parts, **(given | facts))


def text(prompt: int, answer: int) -> UsagePart:
    usage = Usage(input_tokens=prompt, output_tokens=answer, total_tokens=prompt + answer)
    return UsagePart(usage=usage, model_version="gemini-2.5-flash")


def rows(store: Resources) -> list[Exchange]:
    return [msgspec.json.decode(due.line, type=Exchange) for due in store.outgoing(100)]


# Uploads


def begin(keeper: ResourceKeeper, head: bytes = HEAD) -> bytes:
    return keeper.begin_upload(
        head, base=OURS, hosts={HOST}, identity=ALICE, route=UPLOAD, at_us=NOON_US
    )


def test_upload_is_known_to_every_worker_before_the_client_sees_its_url(
    store: Resources, tmp_path: Path
) -> None:
    """The head is handed out only once another worker can tell whose the next step is (S6)."""
    assert begin(keeper(store)) == HEAD.replace(b"https://" + HOST, OURS)
    other = keeper(Resources.open(tmp_path / "resources.sqlite3"))
    assert other.identity_of_upload(URL) == ALICE


def test_ids_that_were_never_handed_out_are_unknown(store: Resources) -> None:
    """A made-up id opens nothing."""
    begin(keeper(store))
    assert keeper(store).identity_of_upload(URL.replace(b"AKcanary", b"AKother")) is None
    assert keeper(store).identity_of_upload(b"/upload/v1/files") is None


def test_heads_without_an_upload_are_left_alone(store: Resources) -> None:
    """An answer to the last step names no URL, and records nothing."""
    head = b"HTTP/1.1 200 OK\r\n"
    assert begin(keeper(store), head) == head
    assert begin(keeper(Broken()), head) == head


class Broken:
    """A store whose disk is gone."""

    def __init__(self) -> None:
        self.store: Any = None

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise LedgerError("the store of resources fails: SQLITE_IOERR")

        return fail


def test_failing_store_stops_no_upload() -> None:
    """The URL is handed out all the same, this worker remembers it, and others forward."""
    kept = keeper(Broken())
    assert OURS in begin(kept)
    assert kept.identity_of_upload(URL) == ALICE
    assert keeper(Broken()).identity_of_upload(URL) == Identity()
    assert kept.failed == 2


def test_failing_store_costs_no_booking() -> None:
    """A record that can't be made is counted; nothing is raised."""
    kept = keeper(Broken())
    kept.take(exchange(BATCH), reading(batch(), settlement=results(text(1, 1))))
    assert kept.failed == 2


# Batches


def test_batch_is_booked_once_to_its_creator(store: Resources) -> None:
    """M11: whoever reads the results, and however often, one row at the batch rate."""
    kept = keeper(store)
    kept.take(exchange(BATCH, ALICE), reading(batch()))
    read = reading(settlement=results(text(1000, 100), text(500, 50)))
    for reader in (BOB, ALICE, BOB):
        kept.take(exchange(route("getBatch"), reader, started_us=NOON_US + 9), read)
    (row,) = rows(store)
    assert (row.token_id, row.department, row.project, row.agent) == ("tok_a", "lab", "p", "a")
    assert row.labels == {"k": "v"}
    assert (row.operation, row.model, row.model_version) == (
        "batchGenerateContent",
        "gemini-2.5-flash",
        "gemini-2.5-flash",
    )
    assert (row.service_tier, row.usage_source, row.pricing_status) == ("batch", "final", "priced")
    assert (row.input_tokens, row.output_tokens, row.total_tokens) == (1500, 150, 1650)
    assert (row.status, row.outcome, row.node) == (0, "ok", "gw")
    # Half of 0.30 and 2.50 USD a million.
    assert row.list_cost == "0.000412500000"
    assert (row.started_at, row.ended_at) == (
        "2026-01-01T12:00:00.500000Z",
        "2026-01-01T12:00:00.500009Z",
    )
    assert kept.settled == 1


def test_results_file_settles_its_batch(store: Resources) -> None:
    """Read inline, then as a file: once."""
    kept = keeper(store)
    kept.take(exchange(BATCH), reading(batch()))
    file = batch("files/r", kind=ResourceKind.BATCH_RESULTS, parent="batches/b")
    kept.take(exchange(route("getBatch"), BOB), reading(file))
    of_file = results(text(10, 1), kind=ResourceKind.BATCH_RESULTS, name="files/r")
    kept.take(exchange(route("downloadFile"), BOB), reading(settlement=of_file))
    kept.take(exchange(route("getBatch"), BOB), reading(settlement=results(text(10, 1))))
    (row,) = rows(store)
    assert (row.token_id, row.input_tokens) == ("tok_a", 10)


def test_unknown_batch_books_nothing(store: Resources) -> None:
    """What was ordered past us is not ours to book."""
    keeper(store).take(exchange(route("getBatch")), reading(settlement=results(text(1, 1))))
    assert rows(store) == []


def test_cut_reading_settles_nothing_yet(store: Resources) -> None:
    """Half a results file is read again; a whole one of which a part is no JSON is all there is."""
    kept = keeper(store)
    kept.take(exchange(BATCH), reading(batch()))
    part = results(text(10, 1), complete=False)
    kept.take(exchange(route("downloadFile"), complete=False), reading(settlement=part))
    assert rows(store) == []
    kept.take(exchange(route("downloadFile")), reading(settlement=part))
    (row,) = rows(store)
    assert (row.usage_source, row.input_tokens) == ("partial", 10)


def test_batch_of_which_nothing_came_is_free(store: Resources) -> None:
    """Every request failed: nothing is charged, and the row says so."""
    kept = keeper(store)
    kept.take(exchange(BATCH), reading(batch()))
    kept.take(exchange(route("getBatch")), reading(settlement=results()))
    (row,) = rows(store)
    assert (row.pricing_status, row.list_cost, row.input_tokens) == ("free", "0.000000000000", None)


def test_free_tier_stays_free(store: Resources) -> None:
    """A batch of a key that pays nothing costs nothing, whoever reads it."""
    kept = keeper(store)
    kept.take(exchange(BATCH, Identity(free_tier=True)), reading(batch()))
    kept.take(exchange(route("getBatch")), reading(settlement=results(text(1000, 1000))))
    (row,) = rows(store)
    assert (row.pricing_status, row.list_cost, row.notes) == (
        "free",
        "0.000000000000",
        ("free_tier",),
    )
    assert row.input_tokens == 1000


def test_parts_of_two_models_name_no_version(store: Resources) -> None:
    """A row has one version or none; each part is priced by its own."""
    kept = keeper(store)
    kept.take(exchange(BATCH), reading(batch()))
    lite = UsagePart(usage=Usage(input_tokens=1_000_000), model_version="gemini-2.5-flash-lite")
    kept.take(exchange(route("getBatch")), reading(settlement=results(text(1_000_000, 0), lite)))
    (row,) = rows(store)
    assert row.model_version is None
    assert row.list_cost == "0.200000000000"


def test_video_is_settled_by_what_was_asked(store: Resources) -> None:
    """The operation counts videos, the request said how long each is to be."""
    kept = keeper(store)
    veo = route("predictLongRunning", "veo-3.1-generate-preview")
    operation = batch("operations/o", kind=ResourceKind.OPERATION)
    asked = Asked(usage=Usage(video_seconds=Decimal(24), videos=3))
    kept.take(exchange(veo), reading(operation), asked)
    came = UsagePart(usage=Usage(videos=2))
    done = results(came, kind=ResourceKind.OPERATION, name="operations/o", service_tier=None)
    kept.take(exchange(route("getOperation")), reading(settlement=done))
    (row,) = rows(store)
    assert (row.operation, row.video_seconds) == ("predictLongRunning", 16)


def test_model_that_only_the_body_names(store: Resources) -> None:
    """An interaction's path names no model; what was asked for does."""
    kept = keeper(store)
    begun = batch("interactions/i", kind=ResourceKind.INTERACTION)
    kept.take(exchange(route("createInteraction")), reading(begun), Asked(model="gemini-2.5-pro"))
    record = store.find(ResourceKind.INTERACTION, "interactions/i")
    assert record is not None
    assert record.called.model == "gemini-2.5-pro"


def test_calls_of_no_route_leave_nothing(store: Resources) -> None:
    """There is nothing that could have been begun."""
    keeper(store).take(exchange(None), reading(batch()), NOTHING_ASKED)
    assert store.find(ResourceKind.BATCH, "batches/b") is None


def test_sum_keeps_missing_apart_from_zero() -> None:
    """A count that one part reports counts; one that none reports stays unknown."""
    total = summed([UsagePart(usage=Usage(input_tokens=1)), UsagePart(usage=Usage(images=0))])
    assert (total.input_tokens, total.images, total.output_tokens) == (1, 0, None)
