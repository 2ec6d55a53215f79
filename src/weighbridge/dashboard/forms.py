"""What a page lets its reader change: forms as values, and what the last one came to.

Hides how a problem of a service finds its field. Rules for future edits: a form works without a
script; it is sent to its own page by a POST that repeats the session's token; what succeeds leads
to a page by a redirect, but for a secret, which is shown in the answer and nowhere else; a form is
given only to readers whose role may send it, which spares them a refusal and protects nothing;
what was typed into a `secret` field is never written back.
Counterparts: `templates/forms.html` draws them, `errands` is what was sent, `static/weighbridge.js`
keeps what was typed where the gateway does not answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from weighbridge.errors import Problem

Kind = Literal["text", "area", "select", "checks", "date", "number", "check", "secret"]
Options = tuple[tuple[str, str], ...]
_TYPE_AGAIN: Final = "Type it again: it is never sent back."
DONE: Final = {
    "made": "Made, and in force.",
    "added": "Added. Send a message through it now, to see that it arrives.",
    "changed": "Saved, and in force.",
    "raised": "Raised. Calls have that much more room until then.",
    "withdrawn": "Withdrawn. The limit is what it was.",
    "revoked": "Revoked. It is refused from now on.",
    "removed": "Removed, and no longer in force.",
    "disabled": "Disabled. Their sessions and links have ended.",
    "enabled": "Enabled.",
    "sent": "The message was taken by the service.",
    "password": "Your password is changed, and your other browsers are signed out.",
}
UNDONE: Final = {
    "unsent": "The message was not taken; why stands in the table below.",
    "stale": "Nothing was changed: the page was older than your session. Please send it again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `values` are what stands in it, or which of its boxes are ticked.

    `locked` says why it cannot be changed; `also` are more names of problems that belong here;
    `lines` tell in a line each what a box stands for, by its value.
    """

    name: str
    label: str
    kind: Kind = "text"
    values: tuple[str, ...] = ()
    options: Options = ()
    lines: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    placeholder: str = ""
    required: bool = False
    locked: str = ""
    suggest: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    problem: str = ""

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that is sent to its own page; `name` tells it from others there.

    `folded` puts it behind its title; `leads` puts it before the page's tables, where what is
    unfolded stands anyway; `tone` is `bad` for what cannot be taken back; `buttons` are more
    ways to send it, by name.
    """

    name: str
    title: str
    submit: str
    fields: tuple[Field, ...] = ()
    text: str = ""
    folded: bool = True
    leads: bool = False
    tone: str = ""
    buttons: Options = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an act came to; `secret` is shown this once, `command` what to do with it.

    `about` says in words what the command is; `next` is where to see what comes
    of that: a text and an address.
    """

    text: str
    secret: str = ""
    command: str = ""
    about: str = ""
    next: tuple[str, str] = ("", "")
    tone: str = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was sent, and what is wrong with it."""

    form: str
    values: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...] = ()
    message: str = ""


def notice_of(done: str) -> Notice | None:
    """What a page says of the act that led to it."""
    if done in UNDONE:
        return Notice(text=UNDONE[done], tone="bad")
    return Notice(text=DONE[done]) if done in DONE else None


def filled(form: Form, posted: Posted | None) -> Form:
    """The form as it was sent, each problem beside its field, the rest above all of them."""
    if posted is None or posted.form != form.name:
        return form
    fields, left = [], list(posted.problems)
    for one in form.fields:
        own = [problem for problem in left if _belongs(problem, one)]
        left = [problem for problem in left if problem not in own]
        told = "; ".join(dict.fromkeys(problem.said for problem in own))
        fields.append(replace(_kept(one, posted), problem=told))
    above = [str(problem) for problem in left]
    if posted.message and not posted.problems:
        above.append(posted.message)
    return replace(form, fields=tuple(fields), problems=tuple(above), folded=False)


def choices(*words: str) -> Options:
    """Options whose values are their titles."""
    return tuple((word, word) for word in words)


def joined(values: Iterable[object] | None, between: str = "\n") -> tuple[str, ...]:
    """The text of a field with several values; none where there are none."""
    text = between.join(map(str, values or ()))
    return (text,) if text else ()


def as_lists(lists: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The text of an area with `KEY=VALUE,VALUE` on each line."""
    return joined(f"{name}={','.join(values)}" for name, values in lists.items())


def _kept(one: Field, posted: Posted) -> Field:
    """A field holding what was typed; of a secret it says that it has to be typed again."""
    typed = posted.values.get(one.name, ())
    if one.kind == "secret":
        return replace(one, hint=_TYPE_AGAIN) if typed else one
    return one if one.locked else replace(one, values=typed)


def _belongs(problem: Problem, one: Field) -> bool:
    return any(
        problem.where == name or problem.where.startswith(f"{name}.")
        for name in (one.name, *one.also)
    )
