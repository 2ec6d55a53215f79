"""The demo's history: real rows, exactly priced, the same each time, with a story in it."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from weighbridge.core.exchange import Exchange
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.simulator.backfill import History, history_rows, write_history
from weighbridge.simulator.company import RUNAWAY, TOKENS, WORKLOADS

HISTORY = History(
    until=datetime(2026, 11, 21, 12, tzinfo=UTC),
    rows=6000,
    token_ids={wish.name: f"tok-{wish.name}" for wish in TOKENS},
)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.load()


@pytest.fixture(scope="module")
def rows(book: PriceBook) -> list[Exchange]:
    return list(history_rows(HISTORY, book))


def test_as_many_rows_as_wanted_within_a_few_per_cent(rows: list[Exchange]) -> None:
    assert 5700 < len(rows) < 6300


def test_the_file_holds_the_rows_and_is_the_same_each_time(
    tmp_path: Path, book: PriceBook, rows: list[Exchange]
) -> None:
    steps: list[tuple[int, int]] = []
    count = write_history(tmp_path / "a", HISTORY, book, lambda n, of: steps.append((n, of)))
    write_history(tmp_path / "b", HISTORY, book)
    lines = (tmp_path / "a").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Exchange) for line in lines] == [
        msgspec.json.decode(msgspec.json.encode(row), type=Exchange) for row in rows
    ]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert count == len(rows)
    assert steps[-1] == (count, count)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_another_seed_is_another_month(book: PriceBook, rows: list[Exchange]) -> None:
    other = next(history_rows(msgspec.structs.replace(HISTORY, seed=1), book))
    assert other.exchange_id != rows[0].exchange_id


def test_every_row_is_marked_as_demo_data_with_an_id_of_its_own(rows: list[Exchange]) -> None:
    assert all("demo" in row.notes for row in rows)
    assert len({row.exchange_id for row in rows}) == len(rows)


def test_rows_lie_in_the_thirty_days_before_the_end(rows: list[Exchange]) -> None:
    starts = [datetime.fromisoformat(row.started_at) for row in rows]
    assert HISTORY.until - timedelta(days=30) <= min(starts)
    assert max(starts) < HISTORY.until
    assert starts == sorted(starts)


def test_each_cost_is_the_sum_of_its_charges(rows: list[Exchange]) -> None:
    for row in rows:
        total = sum((Decimal(charge.amount) for charge in row.charges), Decimal(0))
        assert Decimal(row.list_cost or 0) == total
        assert (row.list_cost is None) is (row.pricing_status in {"unpriced", "unmetered"})


def test_token_columns_keep_the_ledgers_rules(rows: list[Exchange]) -> None:
    for row in rows:
        split = [
            row.input_text_tokens, row.input_image_tokens, row.input_audio_tokens,
            row.input_video_tokens, row.input_document_tokens,
        ]  # fmt: skip
        if row.input_tokens is None:
            assert (row.usage_source == "none") is (row.images is None)
            continue
        assert sum(count or 0 for count in split) == row.input_tokens
        assert (row.cached_input_tokens or 0) <= row.input_tokens
        if row.total_tokens is not None:
            parts = (row.tool_use_input_tokens, row.output_tokens, row.thinking_tokens)
            assert row.total_tokens == row.input_tokens + sum(part or 0 for part in parts)


def test_tokens_bring_their_defaults_and_one_team_has_none(rows: list[Exchange]) -> None:
    departments = {row.department for row in rows}
    bare = [row for row in rows if row.department is None]
    assert departments > {None, "engineering", "finance"}
    assert {row.token_id for row in bare} == {"tok-old-script"}
    assert {(row.project, row.agent) for row in bare} == {(None, None)}


def test_one_agent_runs_away_in_the_last_days(rows: list[Exchange]) -> None:
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.agent == RUNAWAY:
            spent[row.started_at[:10]] += Decimal(row.list_cost or 0)
    assert spent["2026-11-20"] > 10 * spent["2026-11-10"]


def test_a_bad_morning_shows_as_upstream_errors(rows: list[Exchange]) -> None:
    bad = Counter(row.started_at[:10] for row in rows if row.outcome == "upstream_error")
    assert bad.most_common(1)[0][0] == "2026-10-30"


def test_failed_calls_cost_nothing_and_unknown_models_are_unpriced(rows: list[Exchange]) -> None:
    failed = [row for row in rows if (row.status or 0) >= 400]
    assert {(row.pricing_status, row.list_cost) for row in failed} == {("free", "0.000000000000")}
    unpriced = {row.model for row in rows if row.pricing_status == "unpriced"}
    assert unpriced == {"gemini-nightly-preview"}


def test_vertex_pictures_and_batches_are_part_of_the_month(rows: list[Exchange]) -> None:
    """Labels that were sent, pieces, characters, another maker's model, jobs settled."""
    by_agent: dict[str, list[Exchange]] = defaultdict(list)
    for row in rows:
        if row.outcome == "ok" and row.agent:
            by_agent[row.agent].append(row)
    posters, opinions = by_agent["poster-maker"], by_agent["second-opinion"]
    audits, archive = by_agent["night-audit"], by_agent["archive-indexer"]
    assert all(
        Decimal(row.list_cost or 0) == (row.images or 0) * Decimal("0.04") for row in posters
    )
    assert {(row.labels_sent or {}).get("campaign") for row in posters} == {"harbour-days"}
    assert {(row.provider, row.surface) for row in opinions} == {("anthropic", "vertex")}
    assert {(row.status, row.service_tier) for row in audits} == {(0, "batch")}
    assert {charge.unit for row in archive for charge in row.charges} == {"input_character"}
    assert {row.pricing_status for row in (*posters, *opinions, *audits)} == {"priced"}


def test_answers_are_cut_where_a_program_allows_too_few_tokens(rows: list[Exchange]) -> None:
    """They have exactly as many as it allows, some of them nothing but thinking, and a cost."""
    allowed = {each.agent: each.most_output for each in WORKLOADS}
    cut = [row for row in rows if row.finish_reason == "MAX_TOKENS"]
    assert {"reply-writer", "review-bot"} <= {row.agent for row in cut}
    assert 0.002 < len(cut) / len(rows) < 0.02
    for row in cut:
        assert (row.output_tokens or 0) + (row.thinking_tokens or 0) == allowed[row.agent]
        assert (row.outcome, row.pricing_status) == ("ok", "priced")
    assert any(row.output_tokens is None for row in cut)
