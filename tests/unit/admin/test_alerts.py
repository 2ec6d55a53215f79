"""`/api/v1/alerts` over a real ledger, and rows with the labels that were sent."""

from pathlib import Path

import httpx
import msgspec

from weighbridge.compose.parts import Parts
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Exchange


def book(parts: Parts, folder: Path, count: int, now_us: int) -> None:
    """Exchanges of the last minutes whose labels all differ in one key."""
    started = InstantFormatter()(now_us - 60_000_000)
    rows = [
        Exchange(
            exchange_id=f"01920000-0000-7000-8000-{number:012x}",
            started_at=started,
            ended_at=started,
            labels={"request-id": f"r{number}", "名前": "値"},
            labels_sent={"名前": "値"} if number else None,
        )
        for number in range(count)
    ]
    file = folder / "rows.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    parts.store.import_files([file])


async def test_no_alerts(local: httpx.AsyncClient) -> None:
    """A quiet ledger has none."""
    answer = await local.get("/api/v1/alerts")
    assert answer.json() == {"alerts": [], "next_cursor": None}


async def test_a_noisy_label_is_listed(
    local: httpx.AsyncClient, parts: Parts, tmp_path: Path
) -> None:
    """A request id as a label is told with its key and count."""
    now = parts.labels._now()
    book(parts, tmp_path, 1001, int(now.timestamp()) * 1_000_000)
    (alert,) = (await local.get("/api/v1/alerts")).json()["alerts"]
    assert (alert["kind"], alert["key"], alert["values"]) == (
        "label_cardinality", "request-id", 1001,
    )  # fmt: skip
    assert "'request-id' had 1,001 distinct values" in alert["message"]
    assert (alert["severity"], alert["id"], alert["budget_id"]) == ("warning", None, None)
    assert parts.labels.noisy == 1


async def test_alerts_want_a_key(remote: httpx.AsyncClient) -> None:
    """They name labels, which are not for everybody."""
    assert (await remote.get("/api/v1/alerts")).status_code == 401


async def test_rows_tell_the_labels_that_were_sent(
    local: httpx.AsyncClient, parts: Parts, tmp_path: Path
) -> None:
    """As an object, null where none were; and labels of any script filter."""
    now = parts.labels._now()
    book(parts, tmp_path, 2, int(now.timestamp()) * 1_000_000)
    answer = await local.get("/api/v1/exchanges", params={"label:名前": "値"})
    sent = [row["labels_sent"] for row in answer.json()["exchanges"]]
    assert [each for each in sent if each is not None] == [{"名前": "値"}]
    assert len(sent) == 2
