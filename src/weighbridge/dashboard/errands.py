"""What a form of a page brought: its fields as values, and what doing it comes to.

Rules for future edits: nothing is guessed; what is no number goes on as the text that it is, for
the service that takes it says what it expected; what the client can mend is an `Outcome`.
Counterparts: `forms` are what was sent from, `router` takes it, pages' `act` do it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from weighbridge.core.clock import to_unix_us
from weighbridge.core.principal import Principal
from weighbridge.dashboard.administration import Administration
from weighbridge.dashboard.forms import Notice, Posted
from weighbridge.errors import (
    ClientError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    Problem,
)

_MOST_FIELDS: Final = 200
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


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

    @property
    def now_us(self) -> int:
        """The time, in microseconds since the epoch."""
        return to_unix_us(self.now)

    def text(self, name: str) -> str:
        """A field's text, trimmed; empty where it was not sent."""
        values = self.sent.get(name, ())
        return values[0].strip() if values else ""

    def raw(self, name: str) -> str:
        """A field's text as it was typed."""
        return next(iter(self.sent.get(name, ())), "")

    def some(self, name: str) -> str | None:
        """A field's text, or None for none."""
        return self.text(name) or None

    def ticked(self, name: str) -> list[str]:
        """The boxes that are ticked."""
        return [value for value in self.sent.get(name, ()) if value]

    def whole(self, name: str) -> int | str | None:
        """A whole number; None for none, the text where it is no number."""
        return _whole(self.text(name)) if self.text(name) else None

    def wholes(self, name: str) -> list[int | str]:
        """Whole numbers between commas, each as `whole` gives it."""
        return [_whole(part) for part in self.lines(name)]

    def lines(self, name: str) -> list[str]:
        """The lines of an area, or what stands between commas; empty ones left out."""
        return _parts(self.text(name).replace("\n", ","))

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

    def lists(self, name: str) -> dict[str, list[str]]:
        """`KEY=VALUE,VALUE` on each line; a key without a value has none."""
        found: dict[str, list[str]] = {}
        for line in self.text(name).splitlines():
            key, _, values = line.partition("=")
            if key.strip() or values.strip():
                found.setdefault(key.strip(), []).extend(_parts(values))
        return found


Act = Callable[[Errand], Outcome]


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


def acted(act: Act, errand: Errand) -> Outcome:
    """What an act comes to; what the client can mend is shown beside its fields."""
    try:
        return act(errand)
    except (NotFoundError, NotAllowedError):
        raise
    except ClientError as error:
        posted = Posted(
            form=errand.form, values=errand.sent, problems=error.problems, message=error.message
        )
        return Outcome(posted=posted, status=409 if isinstance(error, ConflictError) else 422)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _whole(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) else text
