"""Kinds of alerts as people read them, on their pages and in the form of a channel."""

import re
from pathlib import Path

import httpx
from alerts import occurrence

from weighbridge.compose.parts import Parts
from weighbridge.control.label_guard import KIND
from weighbridge.core.alert import CHOSEN_KINDS, AlertKind
from weighbridge.dashboard.pages.alert_words import KIND_LINES, KIND_OPTIONS, TITLES

_REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "alerts.md"
CHANNEL = {"name": "Ops", "url": "json://127.0.0.1:9/s3cr3t"}


def test_every_kind_has_its_words() -> None:
    """A title of its own, and a line for each that a channel can choose."""
    assert set(TITLES) == {*AlertKind, KIND}
    assert len(set(TITLES.values())) == len(TITLES)
    assert [value for value, _ in KIND_OPTIONS] == list(CHOSEN_KINDS) == list(KIND_LINES)


async def test_a_box_is_described_by_its_line(local: httpx.AsyncClient) -> None:
    """What is sent is the kind, what is read its title, and the line belongs to the box."""
    page = (await local.get("/alerts")).text
    for kind, title in KIND_OPTIONS:
        box = re.search(
            rf'<input[^>]* value="{kind}" aria-describedby="([^"]*)"> {title}</label>', page
        )
        assert box is not None, kind
        assert f'id="{box[1]}">{KIND_LINES[kind]}<' in page


def test_the_reference_names_each_kind_both_ways() -> None:
    """As data has it and as pages say it, in one row."""
    text = _REFERENCE.read_text(encoding="utf-8")
    for kind, title in TITLES.items():
        assert f"| `{kind}` | {title} |" in text or f"`{kind}` (*{title}* on pages)" in text


async def test_pages_say_kinds_as_people_would(local: httpx.AsyncClient, parts: Parts) -> None:
    """Channels, what was told, what stands: words on the page, the kind itself in its data."""
    wanted = {**CHANNEL, "kinds": ["error_burst", "journal_lag"]}
    made = (await local.post("/api/v1/channels", json=wanted)).json()["id"]
    parts.alerting.log.tell([occurrence(kind=AlertKind.ERROR_BURST)])
    for path in ("/alerts", f"/channels/{made}"):
        page = (await local.get(path)).text
        assert "Many errors, Ledger falls behind" in page
        assert '<td class="" data-of="Kind">Many errors</td>' in page
        tables = (await local.get(f"{path}.json")).json()["tables"]
        assert tables["told"]["rows"][0]["kind"] == "error_burst"
    (channel,) = (await local.get("/alerts.json")).json()["tables"]["channels"]["rows"]
    assert channel["takes"] == "error_burst, journal_lag"
