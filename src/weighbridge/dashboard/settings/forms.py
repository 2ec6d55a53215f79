"""Forms that are sent to their own page: what was typed, and what is wrong beside each field.

Hides how a problem of a service finds its field. Rules for future edits: a form works without a
script; what changes something is a POST that repeats the session's token; what succeeds leads to
a page of its own by a redirect, but for a secret, which is shown in the answer and nowhere else.
Counterparts: `templates/settings.html` draws them, `router` takes what they send, the modules
beside this say what it means; `dashboard/forms` are those that a script sends to the API.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from weighbridge.core.principal import Principal
from weighbridge.dashboard.administration import Administration
from weighbridge.dashboard.content import Content
from weighbridge.errors import ClientError, ConflictError, NotFoundError, Problem

Kind = Literal["text", "area", "select", "checks", "date", "number", "check"]
Options = tuple[tuple[str, str], ...]
_MOST_FIELDS: Final = 200
DONE: Final = {
    "changed": "Saved, and in force.",
    "revoked": "Revoked. It is refused from now on.",
    "removed": "Removed, and no longer in force.",
    "disabled": "Disabled. Their sessions and links have ended.",
    "enabled": "Enabled.",
    "stale": "Nothing was changed: the page was older than your session. Please send it again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `values` are what stands in it, or which of its boxes are ticked.

    `locked` says why it cannot be changed; `also` are more names of problems that belong here.
    """

    name: str
    label: str
    kind: Kind = "text"
    values: tuple[str, ...] = ()
    options: Options = ()
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

    `folded` puts it behind its title; `tone` is `bad` for what cannot be taken back; `buttons`
    are more ways to send it, by name.
    """

    name: str
    title: str
    submit: str
    fields: tuple[Field, ...] = ()
    text: str = ""
    folded: bool = True
    tone: str = ""
    buttons: Options = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an act came to; `secret` is shown this once, `command` what to do with it.

    `next` is where to see what comes of that: a text and an address.
    """

    text: str
    secret: str = ""
    command: str = ""
    next: tuple[str, str] = ("", "")
    tone: str = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was sent, and what is wrong with it."""

    form: str
    values: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What follows an act: another address, or the page with a notice or with problems.

    `publish` says that workers must learn of it; `extra` is whatever the page shows of it.
    """

    to: str = ""
    notice: Notice | None = None
    posted: Posted | None = None
    publish: bool = False
    status: int = 200
    extra: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What was sent to a page, by whom; `name` is the variable part of the page's address."""

    principal: Principal
    administration: Administration
    sent: Mapping[str, tuple[str, ...]]
    gateway: str
    now: datetime
    name: str = ""

    @property
    def form(self) -> str:
        """Which form it was."""
        return self.text("form")

    def text(self, name: str) -> str:
        """A field's text, trimmed; empty where it was not sent."""
        values = self.sent.get(name, ())
        return values[0].strip() if values else ""

    def some(self, name: str) -> str | None:
        """A field's text, or None for none."""
        return self.text(name) or None

    def ticked(self, name: str) -> list[str]:
        """The boxes that are ticked."""
        return [value for value in self.sent.get(name, ()) if value]

    def lines(self, name: str) -> list[str]:
        """The lines of an area, or what stands between commas; empty ones left out."""
        parts = self.text(name).replace(",", "\n").splitlines()
        return [part.strip() for part in parts if part.strip()]

    def pairs(self, name: str) -> dict[str, str]:
        """`KEY=VALUE` on each line.

        Errors: `ClientError` for a line without `=`.
        """
        found = {}
        for line in self.lines(name):
            key, equals, value = line.partition("=")
            if not equals:
                message = f"expected KEY=VALUE on each line, got {line[:60]!r}"
                raise ClientError(message, problems=(Problem(name, message),))
            found[key.strip()] = value.strip()
        return found


Act = Callable[[Errand], Outcome]


@dataclass(slots=True, kw_only=True)
class SettingsContent(Content):
    """A page with forms, and what the last one came to."""

    notice: Notice | None = None
    sent_forms: list[Form] = field(default_factory=list)


def parse_form(body: bytes) -> dict[str, tuple[str, ...]]:
    """Fields of a form's body; what is no form has none."""
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def notice_of(done: str) -> Notice | None:
    """What a page says of the act that led to it."""
    text = DONE.get(done)
    return Notice(text=text, tone="bad" if done == "stale" else "good") if text else None


def acted(act: Act, errand: Errand) -> Outcome:
    """What an act comes to; what the client can mend is shown beside its fields."""
    try:
        return act(errand)
    except NotFoundError:
        raise
    except ClientError as error:
        posted = Posted(
            form=errand.form, values=errand.sent, problems=error.problems, message=error.message
        )
        return Outcome(posted=posted, status=409 if isinstance(error, ConflictError) else 422)


def filled(form: Form, posted: Posted | None) -> Form:
    """The form as it was sent, each problem beside its field, the rest above all of them."""
    if posted is None or posted.form != form.name:
        return form
    fields, left = [], list(posted.problems)
    for one in form.fields:
        own = [problem for problem in left if _belongs(problem, one)]
        left = [problem for problem in left if problem not in own]
        told = "; ".join(dict.fromkeys(_message(problem) for problem in own))
        values = one.values if one.locked else posted.values.get(one.name, ())
        fields.append(replace(one, values=values, problem=told))
    above = [f"{problem.where}: {_message(problem)}" for problem in left]
    if posted.message and not posted.problems:
        above.append(posted.message)
    return replace(form, fields=tuple(fields), problems=tuple(above), folded=False)


def _belongs(problem: Problem, one: Field) -> bool:
    return any(
        problem.where == name or problem.where.startswith(f"{name}.")
        for name in (one.name, *one.also)
    )


def _message(problem: Problem) -> str:
    seen = f", got {problem.seen}" if problem.seen is not None else ""
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return f"{problem.message}{seen}{remedy}"


def choices(*words: str) -> Options:
    """Options whose values are their titles."""
    return tuple((word, word) for word in words)


def joined(values: Sequence[str] | None) -> tuple[str, ...]:
    """The text of an area with a value on each line."""
    return ("\n".join(values),) if values else ()
