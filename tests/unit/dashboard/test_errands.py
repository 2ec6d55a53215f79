"""Errands as values: what a form sent, and what doing it comes to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from weighbridge.dashboard.errands import Errand, Outcome, acted, parse_form
from weighbridge.errors import ClientError, ConflictError, NotAllowedError, NotFoundError, Problem


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


def test_numbers_are_numbers_and_what_is_none_stays_what_it_is() -> None:
    """The service that takes it says what it expected, and shows what it got."""
    errand = _errand(one=" 60 ", many="50, 80,x", none="", wrong="6O")
    assert (errand.whole("one"), errand.whole("none"), errand.whole("wrong")) == (60, None, "6O")
    assert errand.wholes("many") == [50, 80, "x"]
    assert _errand(one="\u0661").whole("one") == "\u0661"


def test_lists_take_a_key_and_its_values_on_each_line() -> None:
    """A key that comes twice has all of them; one without values has none."""
    errand = _errand(scope="department=care, web\r\n\r\ndepartment=labs\nagent\nlabel:a=b=c")
    expected = {"department": ["care", "web", "labs"], "agent": [], "label:a": ["b=c"]}
    assert errand.lists("scope") == expected


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
    for error in (NotFoundError("gone"), NotAllowedError("no")):
        with pytest.raises(type(error)):
            refuse(error)
