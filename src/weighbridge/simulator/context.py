"""What an operation is given: the request, what it means, and the little that is remembered."""

from collections import OrderedDict
from datetime import timedelta
from typing import Any

import msgspec

from weighbridge.simulator import moments
from weighbridge.simulator.dice import fingerprint
from weighbridge.simulator.enums import with_integers
from weighbridge.simulator.masks import apply_mask, parse_mask
from weighbridge.simulator.messages import Document, Reply, Request
from weighbridge.simulator.printing import one_line, pretty
from weighbridge.simulator.scenarios import Scenario
from weighbridge.simulator.targets import Call

GOOGLE = "https://generativelanguage.googleapis.com"
ASKED_HOST = "asked"
_MOST_REMEMBERED = 1000


class Shelf(OrderedDict[str, Any]):
    """Resources by name; the oldest go when there are too many."""

    def put(self, name: str, value: Any) -> None:
        """Keeps a resource."""
        self[name] = value
        if len(self) > _MOST_REMEMBERED:
            self.popitem(last=False)


class State(msgspec.Struct):
    """Everything that outlives a request, and what is set for all of them.

    `upload_origin` is the host that upload URLs name: Google's, as the real ones do, or the one
    that was asked (`ASKED_HOST`), for a client that follows them without a gateway.
    """

    files: Shelf = msgspec.field(default_factory=Shelf)
    uploads: Shelf = msgspec.field(default_factory=Shelf)
    caches: Shelf = msgspec.field(default_factory=Shelf)
    batches: Shelf = msgspec.field(default_factory=Shelf)
    operations: Shelf = msgspec.field(default_factory=Shelf)
    interactions: Shelf = msgspec.field(default_factory=Shelf)
    stores: Shelf = msgspec.field(default_factory=Shelf)
    tuned: Shelf = msgspec.field(default_factory=Shelf)
    tokens: Shelf = msgspec.field(default_factory=Shelf)
    clock: moments.Clock = moments.fixed
    upload_origin: str = GOOGLE


class Context(msgspec.Struct, kw_only=True):
    """One request on its way to its answer."""

    request: Request
    call: Call
    scenario: Scenario
    state: State
    seed: int = 0

    @property
    def fingerprint(self) -> str:
        """Stands for the body, the model and the simulator's seed.

        Not for headers or the form of the answer, so that unary and stream say the same.
        """
        name = self.call.model or self.call.path
        return fingerprint(str(self.seed).encode(), name.encode(), self.request.body)

    def time(self, later: timedelta = timedelta(0)) -> str:
        """The time of this request, or a later one, as answers write it."""
        return moments.text_of(self.state.clock() + later)

    def shown(self, document: Document) -> Document:
        """The document with what system parameters do to it: partial answers, integer enums."""
        mask = self.call.query.get("fields") or self.call.query.get("$fields")
        if header := self.request.header(b"x-goog-fieldmask"):
            mask = mask or header.decode("latin-1")
        if mask:
            document = apply_mask(document, parse_mask(mask))
        return with_integers(document) if self.call.integer_enums else document

    def printed(self, document: Document) -> bytes:
        """A unary body."""
        shown = self.shown(document)
        if self.call.compact:
            return one_line(shown)
        return pretty(shown) + (b"" if self.call.vertex else b"\n")

    def reply(self, document: Document, *, wait: float = 0.0) -> Reply:
        """A unary answer of 200."""
        return Reply(
            pieces=(self.printed(document),),
            waits=(wait,),
            vertex=self.call.vertex,
            duration_ms=int(wait * 1000) + 17,
        )
