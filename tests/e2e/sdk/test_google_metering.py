"""What the calls of Google's SDKs come to: tokens, pieces, seconds, labels, settled jobs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sdk_programs import (
    ANTHROPIC_VERTEX,
    GENAI_JOBS,
    GENAI_VERTEX,
    JS_GENAI_JOBS,
    JS_GENAI_VERTEX,
    OPENAI,
    Program,
)
from surface_runs import SETTLED, Run

LABELS = {"team": "research", "cost-centre": "4711"}
LABELLED = ("generate", "stream", "images")
# gemini-2.5-flash, US dollars per token: input, cached input, output; half of it in a batch.
INPUT, CACHED, OUTPUT = Decimal("0.30e-6"), Decimal("0.03e-6"), Decimal("2.50e-6")
CLAUDE_INPUT, CLAUDE_CACHED = Decimal("3.3e-6"), Decimal("0.33e-6")  # a region's price
CLAUDE_OUTPUT = Decimal("16.5e-6")

pytestmark = pytest.mark.slow
RunOf = Callable[[Program], Run]


def cost(row: dict[str, Any], rates: tuple[Decimal, Decimal, Decimal]) -> Decimal:
    """What a row of text costs at rates for input, cached input and output."""
    cached = row["cached_input_tokens"] or 0
    written = (row["output_tokens"] or 0) + (row["thinking_tokens"] or 0)
    return (row["input_tokens"] - cached) * rates[0] + cached * rates[1] + written * rates[2]


@pytest.mark.parametrize("program", [GENAI_VERTEX, JS_GENAI_VERTEX], ids=lambda each: each.file)
def test_labels_of_vertex_calls_are_booked_and_reach_google(
    program: Program, run_of: RunOf
) -> None:
    """Unary, streamed and for pictures: the body's labels are the row's, and were sent."""
    run = run_of(program)
    rows = [row for step in LABELLED for row in run.rows(step)]
    assert [row["labels"] for row in rows] == [LABELS] * len(LABELLED)
    assert [row["labels_sent"] for row in rows] == [LABELS] * len(LABELLED)
    assert {row["location"] for row in rows} == {"europe-west1"}
    assert {row["cloud_project"] for row in rows} == {"research-1"}


def test_vertex_streams_and_whole_answers_cost_the_same(run_of: RunOf) -> None:
    """M8: sync or async, whole or in pieces, at the price of the surface."""
    run = run_of(GENAI_VERTEX)
    for step in ("generate", "stream", "generate_async", "stream_async", "express"):
        (row,) = run.rows(step)
        assert (row["usage_source"], row["pricing_status"]) == ("final", "priced")
        assert Decimal(row["list_cost"]) == cost(row, (INPUT, CACHED, OUTPUT))


def test_vertex_embeddings_count_tokens_or_characters(run_of: RunOf) -> None:
    new, old = run_of(GENAI_VERTEX).rows("embed")
    assert (new["input_tokens"], Decimal(new["list_cost"])) == (8, 8 * Decimal("0.15e-6"))
    assert [each["unit"] for each in old["charges"]] == ["input_character"]
    assert Decimal(old["list_cost"]) > 0


@pytest.mark.parametrize(
    ("program", "count"),
    [(GENAI_VERTEX, 3), (JS_GENAI_VERTEX, 2), (OPENAI, 2)],
    ids=["google_genai", "google-genai", "openai"],
)
def test_pictures_are_priced_each(program: Program, count: int, run_of: RunOf) -> None:
    """M7."""
    (row,) = run_of(program).rows("images")
    assert row["images"] == count
    assert Decimal(row["list_cost"]) == count * Decimal("0.04")


@pytest.mark.parametrize("program", [GENAI_VERTEX, JS_GENAI_JOBS], ids=lambda each: each.file)
def test_a_video_is_settled_by_the_second_when_it_is_done(program: Program, run_of: RunOf) -> None:
    """M7: eight seconds were asked for, and one video was made."""
    run = run_of(program)
    (row,) = [each for each in run.settled if each["operation"] == "predictLongRunning"]
    assert row["token_id"] == run.token_id
    assert Decimal(row["video_seconds"]) == 8
    assert row["pricing_status"] == "priced"
    assert Decimal(row["list_cost"]) == 8 * Decimal("0.40")


@pytest.mark.parametrize(
    "program", [GENAI_VERTEX, GENAI_JOBS, JS_GENAI_JOBS], ids=lambda each: each.file
)
def test_a_cache_costs_its_tokens_once_and_its_use_the_cached_rate(
    program: Program, run_of: RunOf
) -> None:
    """M1, M11."""
    made, used, moved, deleted = run_of(program).rows("caches")
    assert (made["input_tokens"], made["model"]) == (4500, "gemini-2.5-flash")
    assert Decimal(made["list_cost"]) == 4500 * INPUT
    assert used["cached_input_tokens"] == 4500
    assert Decimal(used["list_cost"]) == cost(used, (INPUT, CACHED, OUTPUT))
    assert {moved["pricing_status"], deleted["pricing_status"]} == {"free"}


@pytest.mark.parametrize("program", [GENAI_JOBS, JS_GENAI_JOBS], ids=lambda each: each.file)
def test_a_batch_is_settled_once_at_half_the_price(program: Program, run_of: RunOf) -> None:
    """M11: inlined or in a file, however often its results are read, to whoever created it."""
    run = run_of(program)
    batches = [each for each in run.settled if each["operation"] == "batchGenerateContent"]
    assert len(batches) == (2 if program is GENAI_JOBS else 1)
    for row in batches:
        assert (row["input_tokens"], row["service_tier"]) == (20, "batch")
        assert row["token_id"] == run.token_id
        assert Decimal(row["list_cost"]) == cost(row, (INPUT, CACHED, OUTPUT)) / 2


def test_every_job_that_ended_is_settled_once(run_of: RunOf) -> None:
    """Batches of answers and of vectors, videos, interactions in the background."""
    for program, count in SETTLED.items():
        run = run_of(program)
        assert len(run.settled) == count, [row["operation"] for row in run.settled]
        assert {row["pricing_status"] for row in run.settled} == {"priced"}


def test_interactions_are_priced_whole_streamed_and_in_the_background(run_of: RunOf) -> None:
    run = run_of(GENAI_JOBS)
    rows = [run.rows("interactions")[0], *run.rows("interactions_stream")]
    rows += [each for each in run.settled if each["operation"] == "createInteraction"]
    assert len(rows) == 3
    for row in rows:
        assert row["model"] == "gemini-2.5-flash"
        assert Decimal(row["list_cost"]) == cost(row, (INPUT, CACHED, OUTPUT))


def test_claude_on_vertex_is_anthropics_and_priced(run_of: RunOf) -> None:
    """Its input leaves out what came from a cache; the row's holds it."""
    run = run_of(ANTHROPIC_VERTEX)
    rows = [row for step in ("message", "cached", "stream") for row in run.rows(step)]
    for row in rows:
        assert (row["provider"], row["surface"]) == ("anthropic", "vertex")
        rates = (CLAUDE_INPUT, CLAUDE_CACHED, CLAUDE_OUTPUT)
        assert Decimal(row["list_cost"]) == cost(row, rates)
    assert (rows[1]["input_tokens"], rows[1]["cached_input_tokens"]) == (4008, 3757)
    (counted,) = run.rows("count")
    assert (counted["operation"], counted["pricing_status"]) == ("countTokens", "free")


def test_openais_other_forms_are_priced(run_of: RunOf) -> None:
    run = run_of(OPENAI)
    for step in ("responses", "completions"):
        (row,) = run.rows(step)
        assert Decimal(row["list_cost"]) == cost(row, (INPUT, CACHED, OUTPUT))


def test_files_and_counts_are_free(run_of: RunOf) -> None:
    run = run_of(GENAI_JOBS)
    files = [row for row in run.rows("files") if row["operation"] != "generateContent"]
    assert {row["pricing_status"] for row in files} == {"free"}
    assert {row["pricing_status"] for row in run_of(GENAI_VERTEX).rows("count")} == {"free"}
