"""What calls of late came to."""

from weighbridge.budgets.history import History

CENT = 10**10
KIND = History.kind("agent", "model", CENT)


def test_nothing_is_known_of_calls_that_never_came() -> None:
    """A hold then takes its bound, or what there is."""
    assert History().recent(KIND, 0.0) is None


def test_the_largest_of_late_counts() -> None:
    """An estimate is to hold for the next call too."""
    history = History()
    for cost in (3, 9, 4):
        history.learn(KIND, cost, 1.0)
    assert history.recent(KIND, 2.0) == 9


def test_a_cost_halves_with_time_and_is_forgotten() -> None:
    """One expensive call does not shut out the cheap ones after it for ever (B4)."""
    history = History()
    history.learn(KIND, 800, 0.0)
    assert [history.recent(KIND, at) for at in (299.0, 300.0, 650.0)] == [800, 400, 200]
    assert history.recent(KIND, 4000.0) is None


def test_a_cost_that_came_again_counts_from_its_last_time() -> None:
    """It is as good as new."""
    history = History()
    history.learn(KIND, 800, 0.0)
    history.learn(KIND, 800, 290.0)
    assert history.recent(KIND, 500.0) == 800


def test_long_prompts_are_not_measured_by_short_ones() -> None:
    """Calls are alike where their bounds are, within a factor of two."""
    history = History()
    history.learn(History.kind("a", "m", 1000), 10, 0.0)
    assert history.recent(History.kind("a", "m", 700), 0.0) == 10
    assert history.recent(History.kind("a", "m", 100_000), 0.0) is None


def test_what_anybody_s_calls_came_to_is_known_apart() -> None:
    """For who has not made any yet."""
    history = History()
    everybody = History.of_anybody(KIND)
    history.learn(everybody, 7, 0.0)
    assert history.recent(KIND, 0.0) is None
    assert history.recent(History.of_anybody(History.kind("new", "model", CENT)), 0.0) == 7


def test_tokens_are_a_mean_of_late() -> None:
    """One long answer counts an eighth, and less with each that follows."""
    history = History()
    assert history.usual_tokens(KIND) is None
    means = []
    for tokens in (1000, 1000, 2000, 1000):
        history.learn_tokens(KIND, tokens)
        means.append(history.usual_tokens(KIND))
    assert means == [1000, 1000, 1125, 1109]
    for _ in range(100):
        history.learn_tokens(KIND, 10)
    assert history.usual_tokens(KIND) == 10


def test_memory_is_bounded() -> None:
    """It forgets all at once."""
    history = History()
    for index in range(5000):
        kind = History.kind(f"a{index}", "m", 1)
        history.learn(kind, 1, 0.0)
        history.learn_tokens(kind, 1)
    assert repr(history) == "<History of 904 kinds>"
    assert history.usual_tokens(History.kind("a0", "m", 1)) is None
    assert history.usual_tokens(kind) == 1
