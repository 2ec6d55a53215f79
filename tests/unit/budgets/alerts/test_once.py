"""Which gateway sends what all of them find."""

import pytest

from weighbridge.budgets.alerts.once import GIVES_WAY_US, Claim, Verdict, judge

MINE, OTHER = Claim("a"), Claim("b")
TOLD, TOLD_HERE = Claim("b", sent=True), Claim("a", sent=True)
NOBODY: dict[str, list[str]] = {}


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (None, Verdict.OURS),
        (MINE, Verdict.OURS),
        (TOLD_HERE, Verdict.OURS),
        (OTHER, Verdict.LATER),
        (TOLD, Verdict.TOLD),
    ],
    ids=["free", "claimed before a restart", "told by another channel", "being sent", "told"],
)
def test_a_claim_of_another_is_waited_for_until_it_is_good(
    claim: Claim | None, verdict: Verdict
) -> None:
    """One of its own never is: each channel of a gateway gets its message."""
    assert judge(claim, "a", NOBODY, ("bud_1", 0)) is verdict


@pytest.mark.parametrize(
    ("naming", "age_us", "verdict"),
    [
        ({"b": ["bud_1"]}, 0, Verdict.LATER),
        ({"b": ["bud_1"]}, GIVES_WAY_US - 1, Verdict.LATER),
        ({"b": ["bud_1"]}, GIVES_WAY_US, Verdict.OURS),
        ({"b": ["bud_1"]}, -1, Verdict.OURS),
        ({"b": ["bud_2"]}, 0, Verdict.OURS),
        ({"b": ["bud_1"], "a": ["bud_1"]}, 0, Verdict.OURS),
    ],
    ids=["at first", "for a while", "then no more", "the clock jumped", "another's", "both name"],
)
def test_who_names_channels_goes_first(
    naming: dict[str, list[str]], age_us: int, verdict: Verdict
) -> None:
    """The others wait a few seconds, should it be away."""
    assert judge(None, "a", naming, ("bud_1", age_us)) is verdict


def test_what_was_claimed_here_gives_way_to_nobody() -> None:
    """A message that was tried once is tried again."""
    assert judge(MINE, "a", {"b": ["bud_1"]}, ("bud_1", 0)) is Verdict.OURS
