"""Request bodies that are looked into before they are sent on: labels, and what a row needs.

Hides how much of a body is waited for. A body that may hold labels is kept back until it is
whole, so that a refusal comes before the upstream is contacted; beyond `HELD_BYTES` it streams
through the label filter, and a refusal then comes before the upstream has all of it. Nothing of
a body outlives its call. Rules for future edits: a body that needs no change passes as the very
bytes that came; the everyday call costs a search for the word, no more.
Counterparts: `exchange` holds the head back meanwhile; `attribution/body_labels` reads labels.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from weighbridge.attribution.body_labels import LabelFilter, Mode
from weighbridge.attribution.identity import Identity
from weighbridge.attribution.injection import labels_to_inject
from weighbridge.attribution.joined_labels import merged
from weighbridge.attribution.json_whole import may_hold_name
from weighbridge.attribution.policy import LabelRules
from weighbridge.core.outcome import Note, Reason, Refusal
from weighbridge.providers.base import NOTHING_ASKED, Asked, RequestReader, Route

HELD_BYTES: Final = 1 << 20
_LENGTH: Final = re.compile(rb"(?i)(?<=\r\n)(content-length):[^\r]*")


class Look(IntEnum):
    """How closely the bodies of a route are looked at."""

    PASS = 0
    GLANCE = 1  # only where the word stands in it
    READ = 2


# As plain names: a member read off its enum costs as much as a function call.
PASS: Final = Look.PASS
GLANCE: Final = Look.GLANCE
READ: Final = Look.READ

_GEMINI: Final = "gemini"
NewReader = Callable[[Route], RequestReader]


class RequestBodies:
    """What the configuration wants of request bodies."""

    def __init__(self, rules: LabelRules, new_reader: NewReader) -> None:
        self._rules = rules
        self._new_reader = new_reader

    def __repr__(self) -> str:
        return f"<RequestBodies {self._rules}>"

    def look(self, route: Route) -> Look:
        """How closely the bodies of a route are looked at."""
        if route.asks or self._injects(route):
            return READ
        return GLANCE if route.takes_labels else PASS

    def reading(self, route: Route, identity: Identity, *, keep: bool = False) -> "BodyReading":
        """A reading of one body. Takes: whether to keep it back whatever it may hold."""
        return BodyReading(
            self._label_filter(route, identity) if route.takes_labels else None,
            self._new_reader(route) if route.asks else None,
            checks=not (route.surface == _GEMINI and self._rules.developer_api == "forward"),
            keep=keep,
        )

    def notes(self, route: Route) -> tuple[Note, ...]:
        """What the row of every call on this route says of labels that it cannot carry."""
        unable = self._rules.inject and route.surface != _GEMINI and not route.takes_labels
        return (Note.LABELS_NOT_CARRIED,) if unable and route.metered else ()

    def _label_filter(self, route: Route, identity: Identity) -> LabelFilter:
        lenient = self._rules.lenient
        if self._injects(route):
            inject = labels_to_inject(identity, lenient=lenient)
            return LabelFilter(Mode.INJECT, inject, lenient=lenient)
        strips = route.surface == _GEMINI and self._rules.developer_api == "strip"
        return LabelFilter(Mode.STRIP if strips else Mode.KEEP, None, lenient=lenient)

    def _injects(self, route: Route) -> bool:
        return self._rules.inject and route.takes_labels and route.surface != _GEMINI


class BodyReading:
    """One request body on its way.

    `take` gives what may be sent on, nothing while the body is kept back; `end` gives the rest.
    `refusal` is set as soon as the body breaks a rule; what was given until then must not become
    a whole request.
    """

    __slots__ = ("_checks", "_held", "_held_bytes", "_labels", "_reader", "held")

    def __init__(
        self,
        labels: LabelFilter | None,
        reader: RequestReader | None,
        *,
        checks: bool,
        keep: bool = False,
    ) -> None:
        self._labels = labels
        self._reader = reader
        self._checks = checks
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.held = keep or labels is not None  # what is only read is not kept back

    def __repr__(self) -> str:
        return f"<BodyReading {'held' if self.held else 'streaming'}, {self._held_bytes} bytes>"

    @property
    def asked(self) -> Asked:
        """What the body asks for, as far as it has come."""
        if self._reader is None:
            return NOTHING_ASKED
        try:
            return self._reader.asked
        except Exception:  # noqa: BLE001 - transparency: no reader's fault may reach the client
            return NOTHING_ASKED

    @property
    def refusal(self) -> Refusal | None:
        """Why the call is refused, or None."""
        error = self._labels.error if self._labels is not None and self._checks else None
        return Refusal(Reason.LABELS_INVALID, error.message, error.metadata) if error else None

    @property
    def grows(self) -> bool:
        """Whether what is sent on may be longer than what came."""
        return self._labels is not None and self._labels.grows

    @property
    def sent(self) -> dict[str, str] | None:
        """The labels that the provider gets, None where it gets none."""
        return (self._labels.sent or None) if self._labels is not None else None

    @property
    def unread(self) -> bool:
        """Whether labels may stand in the body that could not be read."""
        return self._labels is not None and self._labels.unread

    def attributed(self, identity: Identity) -> Identity:
        """The identity with the body's labels, which beat all others."""
        labels = self._labels.labels if self._labels is not None else None
        return merged(identity, labels) if labels else identity

    def take(self, data: bytes) -> list[bytes]:
        """The next bytes of the body."""
        if not self.held:
            return self._filtered(data)
        self._held.append(data)
        self._held_bytes += len(data)
        return self.release() if self._held_bytes > HELD_BYTES else []

    def release(self) -> list[bytes]:
        """Keep nothing back any longer; gives what came until now."""
        if not self.held:
            return []
        self.held = False
        body = b"".join(self._held)
        self._held = []
        return self._filtered(body)

    def end(self) -> list[bytes]:
        """The body is whole: what is left of it."""
        pieces = self.release()
        if self._labels is not None:
            pieces += _some(self._labels.finish())
        return pieces

    def _filtered(self, data: bytes) -> list[bytes]:
        if self._reader is not None:
            try:
                self._reader.feed(data)
            except Exception:  # noqa: BLE001 - as in asked
                self._reader = None
        return _some(data if self._labels is None else self._labels.feed(data))


def holds_label_word(body: bytes) -> bool:
    """Whether a whole body may hold labels: False is certain.

    Without a backslash nothing is written as an escape. (`find` takes half as long as `in`.)
    """
    if body.find(b"labels") < 0 and body.find(b"\\") < 0:
        return False
    return may_hold_name(body)


def with_length(head: bytes, length: int | None) -> bytes:
    """A sized request head with another length, or chunked where it is None."""
    line = b"Transfer-Encoding: chunked" if length is None else rb"\g<1>: %d" % length
    return _LENGTH.sub(line, head, count=1)


def _some(data: bytes) -> list[bytes]:
    return [data] if data else []
