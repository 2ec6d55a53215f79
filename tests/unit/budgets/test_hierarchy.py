"""Which budgets lie within which, by what they count."""

import pytest

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.hierarchy import lies_within, nearest, relatives


def budget(name: str, per: str | None = None, **scope: tuple[str, ...]) -> Budget:
    return Budget(id=f"bud_{name}", name=name, limit_pico_usd=1, per=per, scope=scope)


COMPANY = budget("company")
AGENTS = budget("agents", per="agent")
CARE = budget("care", department=("care",))
BOTH = budget("both", department=("care", "web"))
TRIAGE = budget("triage", department=("care",), project=("triage",))
PROJECT = budget("project", project=("triage",))
EVERYBODY = [AGENTS, PROJECT, COMPANY, TRIAGE, BOTH, CARE]


@pytest.mark.parametrize(
    ("inner", "outer", "lies"),
    [
        (CARE, COMPANY, True),
        (COMPANY, CARE, False),
        (CARE, BOTH, True),
        (BOTH, CARE, False),
        (TRIAGE, CARE, True),
        (TRIAGE, PROJECT, True),
        (PROJECT, CARE, False),
        (AGENTS, COMPANY, True),
        (COMPANY, AGENTS, True),
    ],
)
def test_a_narrower_scope_lies_within_a_wider(inner: Budget, outer: Budget, lies: bool) -> None:
    """By every dimension of the wider one; a split changes nothing of what is counted."""
    assert lies_within(inner, outer) == lies


@pytest.mark.parametrize(
    ("of", "around", "beside", "inside"),
    [
        (CARE, ["both", "agents", "company"], [], ["triage"]),
        (COMPANY, [], [], ["agents", "both", "care", "project", "triage"]),
        (AGENTS, ["company"], [], ["both", "care", "project", "triage"]),
        (TRIAGE, ["project", "care", "both", "agents", "company"], [], []),
    ],
)
def test_a_budget_has_some_around_it_and_some_inside(
    of: Budget, around: list[str], beside: list[str], inside: list[str]
) -> None:
    """The narrowest is the nearest; one for each value lies in one for all of the same calls."""
    found = relatives(of, EVERYBODY)
    assert [[one.name for one in each] for each in found] == [around, beside, inside]


def test_the_same_calls_in_the_same_way_are_beside_each_other() -> None:
    """A day's limit and a month's; neither is around the other."""
    daily = budget("daily", department=("care",))
    assert relatives(CARE, [daily]).beside == [daily]
    assert relatives(AGENTS, [budget("keys", per="token")]).beside[0].name == "keys"


def test_the_nearest_is_the_narrowest_around() -> None:
    """None where nothing is wider."""
    found = {one.name: nearest(one, EVERYBODY) for one in (AGENTS, COMPANY, TRIAGE, CARE)}
    assert found == {"agents": COMPANY, "company": None, "triage": PROJECT, "care": BOTH}
    assert nearest(BOTH, [COMPANY, CARE]) == COMPANY
