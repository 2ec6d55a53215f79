"""Forms as values: what was sent, and each problem beside its field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from weighbridge.dashboard.settings.forms import (
    Errand,
    Field,
    Form,
    Outcome,
    Posted,
    acted,
    filled,
    parse_form,
)
from weighbridge.errors import ClientError, ConflictError, NotFoundError, Problem

FORM = Form(
    name="make",
    title="Make",
    submit="Make",
    fields=(Field(name="name", label="Name"), Field(name="rates", label="Rates")),
)


def _errand(**sent: str) -> Errand:
    administration: Any = None
    values = {name: (value,) for name, value in sent.items()}
    return Errand(
        principal=administration,
        administration=administration,
        sent=values,
        gateway="",
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )


def test_a_body_is_fields_with_all_their_values() -> None:
    """Boxes of one name come one by one; what is no form has no fields."""
    assert parse_form(b"form=make&pin=a&pin=b&empty=") == {"form": ("make",), "pin": ("a", "b")}
    assert parse_form(b"&".join(b"n%d=1" % n for n in range(300))) == {}
    assert parse_form(b"\xff\xfe{") == {}


def test_texts_are_trimmed_and_lists_take_lines_or_commas() -> None:
    """An area is one value on each line, or several with commas."""
    errand = _errand(name="  n ", list="a\r\n b, c\n\n", pairs="env=prod\nx=a=b", wrong="env")
    assert (errand.text("name"), errand.text("none"), errand.some("none")) == ("n", "", None)
    assert errand.lines("list") == ["a", "b", "c"]
    assert errand.pairs("pairs") == {"env": "prod", "x": "a=b"}
    with pytest.raises(ClientError) as caught:
        errand.pairs("wrong")
    assert caught.value.problems[0].where == "wrong"


def test_problems_stand_beside_their_fields() -> None:
    """By name, or by the name before a dot; what belongs nowhere stands above all."""
    problems = (
        Problem("name", "too long"),
        Problem("rates.input", "no amount", "'x'", remedy="write a decimal"),
        Problem("elsewhere", "is wrong"),
    )
    posted = Posted(form="make", values={"name": ("typed",)}, problems=problems, message="m")
    name, rates = filled(FORM, posted).fields
    assert (name.value, name.problem) == ("typed", "too long")
    assert rates.problem == "no amount, got 'x'; write a decimal"
    assert filled(FORM, posted).problems == ("elsewhere: is wrong",)
    assert not filled(FORM, posted).folded


def test_what_was_sent_to_another_form_changes_nothing() -> None:
    """Two forms of a page do not mix."""
    assert filled(FORM, Posted(form="other", values={"name": ("typed",)})) == FORM
    assert filled(FORM, None) == FORM


def test_a_message_without_fields_stands_above() -> None:
    """What a service says of the whole."""
    shown = filled(FORM, Posted(form="make", values={}, message="it is gone"))
    assert shown.problems == ("it is gone",)


def test_what_the_client_can_mend_is_an_outcome() -> None:
    """422, or 409 where it contradicts what is there; what is not there is still an error."""

    def refuse(error: Exception) -> Outcome:
        def act(_errand: Errand) -> Outcome:
            raise error

        return acted(act, _errand(form="make"))

    assert refuse(ClientError("no")).status == 422
    conflict = refuse(ConflictError("no", problems=(Problem("name", "taken"),)))
    assert conflict.status == 409
    assert conflict.posted is not None
    assert conflict.posted.form == "make"
    with pytest.raises(NotFoundError):
        refuse(NotFoundError("gone"))
