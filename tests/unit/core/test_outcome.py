"""Closed words: which are kept, which refusal has which status."""

import pytest

from weighbridge.core.outcome import HTTP_STATUS, UNRECOGNISED, Reason, Refusal, keep_word


@pytest.mark.parametrize("word", ["STOP", "MAX_TOKENS", "A", "A" * 64, "X9_", "RESOURCE_EXHAUSTED"])
def test_words_that_are_kept(word: str) -> None:
    """Codes of Google's form stay."""
    assert keep_word(word) == word


@pytest.mark.parametrize(
    "word",
    [
        "",
        "stop",
        "Stop",
        "A" * 65,
        "9A",
        "_A",
        "A-B",
        "A B",
        "STOP\n",
        "É",
        "my secret prompt",
        "A\0",
    ],
)
def test_words_that_are_not(word: str) -> None:
    """P2: anything else is `UNRECOGNISED`, so that no text rides in a column of codes."""
    assert keep_word(word) == UNRECOGNISED


def test_no_word_stays_none() -> None:
    """Not reported is not unrecognised."""
    assert keep_word(None) is None


def test_every_reason_has_a_status() -> None:
    """Each refusal has its status, and none is 503, which an SDK would retry for ten minutes."""
    assert set(HTTP_STATUS) == set(Reason)
    assert 503 not in HTTP_STATUS.values()
    assert {Refusal(reason, "m").status for reason in Reason} == set(HTTP_STATUS.values())
