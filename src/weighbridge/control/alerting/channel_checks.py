"""What is wrong with a channel as it is asked for: every problem at once."""

from typing import Final

from weighbridge.attribution.identity import MAX_VALUE_CHARACTERS
from weighbridge.budgets.alerts.timing import is_clock
from weighbridge.core.alert import CHOSEN_KINDS, NewChannel, Quiet
from weighbridge.core.zone_names import is_zone
from weighbridge.errors import Problem

_ID_PREFIX: Final = "chn_"


def channel_problems(wanted: NewChannel) -> list[Problem]:
    """Problems of a channel's name, kinds and quiet hours; its URL is apprise's to judge."""
    problems = []
    if not _is_word(wanted.name):
        message = f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters"
        problems.append(Problem("name", message))
    elif wanted.name.startswith(_ID_PREFIX):
        problems.append(Problem("name", f"{_ID_PREFIX}… is how ids begin; choose another"))
    for kind in wanted.kinds:
        if kind not in CHOSEN_KINDS:
            known = ", ".join(CHOSEN_KINDS)
            problems.append(Problem("kinds", f"expected some of {known}", seen=repr(kind[:40])))
    if wanted.quiet is not None:
        problems += _quiet_problems(wanted.quiet)
    return problems


def _quiet_problems(quiet: Quiet) -> list[Problem]:
    problems = [
        Problem(f"quiet.{name}", "expected a time of day, HH:MM", seen=repr(text[:40]))
        for name, text in (("begins", quiet.begins), ("ends", quiet.ends))
        if not is_clock(text)
    ]
    if not problems and quiet.begins == quiet.ends:
        message = "begins and ends are the same, so nothing would ever go out"
        problems.append(Problem("quiet", message))
    if not is_zone(quiet.timezone):
        message = "expected a time zone like Europe/Berlin"
        problems.append(Problem("quiet.timezone", message, seen=repr(quiet.timezone[:40])))
    return problems


def _is_word(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MAX_VALUE_CHARACTERS and text.isprintable()
