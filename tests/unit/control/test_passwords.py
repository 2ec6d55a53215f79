"""Password hashes: salted, costly, and checked at the same price right or wrong."""

import os

import pytest

from weighbridge.control.passwords import Passwords, password_problems

QUICK = Passwords(os.urandom, log2_n=4)
CHOSEN = "five wet lorries"


def test_a_password_matches_its_own_hash_alone() -> None:
    """Two hashes of one password differ, by their salts."""
    first, second = QUICK.hash(CHOSEN), QUICK.hash(CHOSEN)
    assert first != second
    assert QUICK.matches(CHOSEN, first)
    assert QUICK.matches(CHOSEN, second)
    assert not QUICK.matches(CHOSEN + " ", first)


def test_nobody_has_a_password() -> None:
    """The hash that is checked for names that are unknown opens nothing."""
    assert not QUICK.matches("five wet lorries", None)
    assert not QUICK.matches("", None)


def test_a_password_is_its_letters_not_their_bytes() -> None:
    """Keyboards compose letters differently."""
    assert QUICK.matches("cafe\u0301 au lait", QUICK.hash("café au lait"))


def test_a_hash_says_its_own_cost() -> None:
    """Hashes that a cheaper version made go on to work."""
    dearer = Passwords(os.urandom, log2_n=5)
    assert dearer.matches(CHOSEN, QUICK.hash(CHOSEN))
    assert dearer.hash(CHOSEN).startswith("scrypt$5$8$3$")


@pytest.mark.parametrize("word", ["", "too short", "x" * 257, "aaaaaaaaaaaaaaaa", "The Long Name"])
def test_what_is_easily_guessed_is_refused(word: str) -> None:
    """The message says why and never repeats the password."""
    (problem,) = password_problems(word, "the long name ")
    assert problem.where == "password"
    assert not word or word not in problem.message


def test_a_long_phrase_is_good() -> None:
    """No rules of digits and signs: length is what counts."""
    assert password_problems(CHOSEN, "ada") == []
