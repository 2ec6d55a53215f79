"""Google's and OpenAI's own SDKs, unchanged but for host and header, with and without us."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from processes import Bridge
from sdk_programs import (
    GOOGLE_GENAI,
    JS_GENERATIVE_AI,
    JS_GOOGLE_GENAI,
    JS_OPENAI,
    LANGCHAIN,
    LEGACY,
    OPENAI,
    Job,
    Program,
    play,
)
from wiretap import Wiretap

GENERATE, STREAM = "generateContent", "streamGenerateContent"
EMBED, EMBED_BATCH, COUNT = "embedContent", "batchEmbedContents", "countTokens"
CHAT_COMPLETIONS, EMBEDDINGS = "chat.completions", "embeddings"
LIST, GET = "listModels", "getModel"
# gemini-2.5-flash, US dollars per token, standard tier.
INPUT, CACHED, OUTPUT = Decimal("0.30e-6"), Decimal("0.03e-6"), Decimal("2.50e-6")


@dataclass(frozen=True)
class Suite:
    """A program, and the operations that each of its steps calls."""

    program: Program
    steps: dict[str, tuple[str, ...]]

    def operations(self) -> list[str]:
        """Operations in the order in which the steps call them."""
        return [operation for called in self.steps.values() for operation in called]

    def __str__(self) -> str:
        return self.program.file


SUITES = (
    Suite(
        LEGACY,
        {
            "generate": (GENERATE,),
            "stream": (STREAM,),
            "chat": (GENERATE, GENERATE),
            "image": (GENERATE,),
            "count": (COUNT,),
            "embed": (EMBED,),
            "models": (LIST,),
            "default_metadata": (GENERATE,),
        },
    ),
    Suite(
        GOOGLE_GENAI,
        {
            "generate": (GENERATE,),
            "stream": (STREAM,),
            "generate_async": (GENERATE,),
            "stream_async": (STREAM,),
            "chat": (GENERATE, GENERATE),
            "image": (GENERATE,),
            "functions": (GENERATE, GENERATE),
            "embed": (EMBED_BATCH,),
            "count": (COUNT,),
            "models": (LIST,),
            "one_model": (GET,),
        },
    ),
    Suite(
        LANGCHAIN,
        {
            "invoke": (GENERATE,),
            "stream": (STREAM,),
            "conversation": (GENERATE,),
            "embed": (EMBED_BATCH,),
        },
    ),
    Suite(
        OPENAI,
        {"chat": (CHAT_COMPLETIONS,), "stream": (CHAT_COMPLETIONS,), "embed": (EMBEDDINGS,)},
    ),
    Suite(
        JS_GOOGLE_GENAI,
        {
            "generate": (GENERATE,),
            "stream": (STREAM,),
            "chat": (GENERATE, GENERATE),
            "image": (GENERATE,),
            "embed": (EMBED_BATCH,),
            "count": (COUNT,),
            "models": (LIST,),
        },
    ),
    Suite(
        JS_GENERATIVE_AI,
        {
            "generate": (GENERATE,),
            "stream": (STREAM,),
            "chat": (GENERATE, GENERATE),
            "image": (GENERATE,),
            "embed": (EMBED,),
            "count": (COUNT,),
        },
    ),
    Suite(
        JS_OPENAI,
        {"chat": (CHAT_COMPLETIONS,), "stream": (CHAT_COMPLETIONS,), "embed": (EMBEDDINGS,)},
    ),
)
PROGRAMS = [suite.program for suite in SUITES]
# Google's Python SDK moves what follows a `;` in the last part of its base URL to the end of
# the path, unless a slash closes it.
SLASHED = (GOOGLE_GENAI, LANGCHAIN)


def _name(case: Suite | Program) -> str:
    return case.program.file if isinstance(case, Suite) else case.file


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES, ids=_name)
def test_an_sdk_sees_the_same_bytes_and_every_call_has_its_row(
    suite: Suite, upstream: str, bridge: Bridge
) -> None:
    """With the gateway in between, an SDK gets the same answers, and each call is weighed."""
    token = bridge.token(f"same-{suite}", "--department", "default", "--label", "env=test")
    headers = {
        "X-Cloudidr-Key": token["token"],
        "X-Department": "research",
        "X-Team": "ml",
        "X-Agent": f"agent-{suite}",
        "X-Weighbridge-Labels": "stage=e2e",
    }
    steps = tuple(suite.steps)
    with Wiretap(upstream) as direct, Wiretap(bridge.url) as through:
        plain = play(suite.program, Job(direct.url, steps))
        weighed = play(suite.program, Job(through.url, steps, headers))

    assert [line["error"] for line in plain.values() if "error" in line] == []
    assert weighed == plain
    assert [answer.compared() for answer in through.answers] == [
        answer.compared() for answer in direct.answers
    ]

    rows = bridge.wait_for_rows(len(suite.operations()), agent=f"agent-{suite}")
    assert [row["operation"] for row in rows] == suite.operations()
    for row in rows:
        _assert_weighed(row, token["id"])


def _assert_weighed(row: dict[str, Any], token_id: str) -> None:
    assert row["token_id"] == token_id
    assert (row["department"], row["project"]) == ("research", "ml")
    assert row["labels"] == {"env": "test", "stage": "e2e"}
    assert (row["status"], row["outcome"], row["surface"]) == (200, "ok", "gemini")
    if row["operation"] in {COUNT, LIST, GET}:
        assert row["pricing_status"] == "free"
        assert Decimal(row["list_cost"]) == 0
        assert row["input_tokens"] is None
    elif row["operation"] in {GENERATE, STREAM, CHAT_COMPLETIONS}:
        assert row["usage_source"] == "final"
        assert row["pricing_status"] == "priced"
        assert Decimal(row["list_cost"]) == _expected_cost(row)


def _expected_cost(row: dict[str, Any]) -> Decimal:
    cached = row["cached_input_tokens"] or 0
    fresh = (row["input_tokens"] or 0) - cached + (row["tool_use_input_tokens"] or 0)
    written = (row["output_tokens"] or 0) + (row["thinking_tokens"] or 0)
    return fresh * INPUT + cached * CACHED + written * OUTPUT


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=_name)
def test_a_base_url_alone_is_enough(program: Program, bridge: Bridge) -> None:
    """A tool that can set nothing but its base URL is weighed and attributed by a prefix."""
    token = bridge.token(f"prefix-{program.file}")
    agent = f"prefix-{program.file}"
    base_url = f"{bridge.url}/-/{token['token']};department=sales;agent={agent};label.k=v"
    base_url += "/" if program in SLASHED else ""
    transcript = play(program, Job(base_url, ("bare",)))
    assert "error" not in transcript["bare"], transcript
    (row,) = bridge.wait_for_rows(1, agent=agent)
    assert row["token_id"] == token["id"]
    assert row["department"] == "sales"
    assert row["labels"] == {"k": "v"}


@pytest.mark.slow
@pytest.mark.parametrize("program", [GOOGLE_GENAI, JS_GOOGLE_GENAI], ids=_name)
def test_an_environment_variable_is_enough(program: Program, bridge: Bridge) -> None:
    """`GOOGLE_GEMINI_BASE_URL` sends Google's current SDKs through us, no line changed."""
    token = bridge.token(f"drop-in-{program.file}")
    agent = f"drop-in-{program.file}"
    base_url = f"{bridge.url}/-/{token['token']};agent={agent}/"
    job = Job(base_url, ("drop_in",), environment={"GOOGLE_GEMINI_BASE_URL": base_url})
    transcript = play(program, job)
    assert "error" not in transcript["drop_in"], transcript
    (row,) = bridge.wait_for_rows(1, agent=agent)
    assert row["token_id"] == token["id"]


@pytest.mark.slow
def test_the_headers_option_of_old_guides_never_worked(bridge: Bridge) -> None:
    """google-generativeai 0.8 raises TypeError for `headers` before it sends anything."""
    job = Job(bridge.url, ("headers_option",), {"X-Weighbridge-Key": "trk_test"})
    error = play(LEGACY, job)["headers_option"]["error"]
    assert error["type"] == "builtins.TypeError"
    assert "headers" in error["message"]
