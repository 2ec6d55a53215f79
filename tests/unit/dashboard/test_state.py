"""State and address: one is the other."""

import string
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dashboard.ranges import PRESETS
from weighbridge.dashboard.state import State, parse_state
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.query import QueryError

_words = st.text(string.ascii_letters + " &=?#%+,;/'\"<>é€", min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
_names = st.sampled_from(["agent", "department", "model", "label:team"])
_states = st.builds(
    State,
    range=st.sampled_from(list(PRESETS)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati"]),
    granularity=st.sampled_from(["", "hour", "month"]),
    by=st.lists(_names, unique=True, max_size=2).map(tuple),
    metric=st.sampled_from(["", *METRICS]),
    sort=st.sampled_from(["", "cost", "-cost"]),
    search=st.one_of(st.just(""), _words),
    compare=st.booleans(),
    page=st.integers(1, 10_000),
    filters=st.dictionaries(
        _names, st.lists(_words, unique=True, min_size=1, max_size=3).map(tuple), max_size=3
    ),
)


@given(_states)
def test_an_address_says_all_of_a_state(state: State) -> None:
    """Written and read again, nothing is lost or added."""
    pairs = parse_qsl(state.query_string().removeprefix("?"), keep_blank_values=True)
    assert parse_state(pairs) == state


def test_the_plain_address_is_the_default() -> None:
    """No query string, no surprise."""
    assert State().query_string() == ""
    assert parse_state([]) == State()


def test_a_form_adds_a_filter() -> None:
    """What it sends is a filter as all others, and the next address says so."""
    state = parse_state([("agent", "a"), ("filter_by", "agent"), ("filter_is", " b ")])
    assert state.filters == {"agent": ("a", "b")}
    assert state.query_string() == "?agent=a&agent=b"
    assert parse_state([("filter_by", "agent"), ("filter_is", "")]) == State()


def test_any_change_but_turning_the_page_begins_at_the_first() -> None:
    """Page 3 of one order is no place in another."""
    state = State(page=3)
    assert state.query_string() == "?page=3"
    assert state.query_string(sort="cost") == "?sort=cost"
    assert state.query_string(page=4) == "?page=4"


@pytest.mark.parametrize(
    ("pairs", "where"),
    [
        ([("agnet", "x")], "agnet"),
        ([("range", "8d")], "range"),
        ([("zone", "Europe/Berlni")], "zone"),
        ([("zone", "../etc/passwd")], "zone"),
        ([("by", "agnet")], "by"),
        ([("by", ",".join(f"label:k{n}" for n in range(9)))], "by"),
        ([("metric", "costs")], "metric"),
        ([("granularity", "second")], "granularity"),
        ([("page", "0")], "page"),
        ([("page", "x")], "page"),
        ([("label:", "x")], "label:"),
    ],
)
def test_what_is_no_state_is_an_error(pairs: Any, where: str) -> None:
    """A filter that is mistyped must not widen a page."""
    with pytest.raises(QueryError) as caught:
        parse_state(pairs)
    assert where in caught.value.fields
