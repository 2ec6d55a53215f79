"""Every promise that this code makes is shown by a test that names it.

A promise is what this field is known to get wrong and ours must not. A test shows one by naming
it in its docstring (`M1`, `S1-S5`), or in its module's where the whole module is about it. Rules
for future edits: a promise that is taken on gets its line here first; none is taken out.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
_NAMED = re.compile(r"\b([MSBDP])(\d+)\b(?:\s*(?:-|to)\s*\1(\d+)\b)?")

PROMISES = {
    "M1": "cached tokens are part of the prompt: priced once, at the cached rate",
    "M2": "a cached count without a split is still discounted, and marked as estimated",
    "M3": "the prompt-size tier is a cliff for every kind of token of the request",
    "M4": "thinking is billed as output; where parts and total disagree, the total decides",
    "M5": "tool-use prompt tokens are input, but not where grounding has its own fee",
    "M6": "modalities take their own rates; what the lists leave out is text",
    "M7": "images, seconds, songs and grounding are billed as their model bills them",
    "M8": "the price is that of the day, the surface, the place and the tier as served",
    "M9": "an unknown model is unpriced and counted; aliases and dated names resolve",
    "M10": "a unit without a price makes a row incomplete, never free",
    "M11": "batches are settled at batch rates, and caches cost storage until they end",
    "M12": "counts from a broken or hostile upstream credit nothing and break nothing",
    "M13": "integer enums read the same as names",
    "S1": "in a stream the last seen usage wins per field; nothing is summed",
    "S2": "a client that leaves has exactly one row, with the usage that is known",
    "S3": "an error object inside a 200 stream is an upstream error",
    "S4": "framing comes from headers and content type, never from the URL",
    "S5": "any split of the bytes gives the same bytes and the same usage",
    "S6": "upload URLs point at us; what follows is known by its upload id, and resumes",
    "S7": "a Live session is tunnelled as it is and metered turn by turn",
    "S8": "unknown methods are forwarded untouched and show as unmetered",
    "S9": "SIGTERM with open streams: they finish, and every one has its row",
    "S10": "attribution works on every route alike and never changes a body",
    "S11": "usage that a field mask hides is none, not 0",
    "P1": "no prompt, answer, file name, key or token is ever written down",
    "P2": "of an upstream's error, code and status alone are kept",
    "P3": "no value of a client chooses an upstream's host",
    "P4": "malformed HTTP is refused and the connection closed",
    "P5": "secrets are compared by full hash; a failed check is a refusal",
    "P6": "no query or template is built from a request's data",
    "P7": "slow, huge and many: bounded, timed out, refused",
    "B1": "fifty parallel calls of one cent on ten cents: exactly ten are admitted",
    "B2": "a budget per value binds values never seen before, from their first call",
    "B3": "a hold is priced at the tier that the prompt may reach",
    "B4": "holds do not starve: sized by history or maximum, they expire; refusals name them",
    "B5": "a model without a price under a budget: the budget's policy decides, in the open",
    "B6": "two workers, one budget",
    "B7": "restart, crash, cold start: nothing is counted twice or forgotten",
    "B8": "calendar windows in a named zone, with DST and leap days; a new one starts at zero",
    "B9": "every budget of a call is checked; the refusal names the one that said no",
    "B10": "one alert per threshold per window per budget; deliveries are logged and retried",
    "B11": "every route that reaches the upstream passes admission",
    "D1": "a store that is down, locked, slow or full loses nothing",
    "D2": "any grouping adds up to the total, in every time zone, on every screen",
    "D3": "open dashboards change nothing on the gateway",
    "D6": "the cardinality of metric labels is capped",
}


def named_in(docstring: str | None) -> set[str]:
    """Promises that a docstring names, ranges written out."""
    found = set()
    for letter, first, last in _NAMED.findall(docstring or ""):
        found |= {f"{letter}{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def _shown() -> dict[str, list[str]]:
    shown: dict[str, list[str]] = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        module = ast.parse(file.read_text("utf-8"))
        tests = [
            node
            for node in ast.walk(module)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")
        ]
        of_module = named_in(ast.get_docstring(module))
        for test in tests:
            for promise in of_module | named_in(ast.get_docstring(test)):
                shown[promise].append(f"{file.relative_to(TESTS)}::{test.name}")
    return shown


SHOWN = _shown()


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_shown_by_a_test(promise: str) -> None:
    """Removing the last test of a promise, or its name from the docstring, fails here."""
    assert SHOWN[promise], f"{promise} ({PROMISES[promise]}) is named by no test"


def test_ranges_and_single_names_are_read() -> None:
    """`M1-M3` and `S1 to S2` are ranges; other words with a digit are nothing."""
    assert named_in("M1-M3, S10: as HTTP2 on IPv4") == {"M1", "M2", "M3", "S10"}
    assert named_in("S1 to S2") == {"S1", "S2"}
    assert named_in(None) == set()
