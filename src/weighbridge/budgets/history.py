"""What calls of late came to, by who calls what and how large: the measure of an estimated hold.

Hides a decaying maximum of costs, and a moving mean of tokens: money that is spent beyond a budget
is gone, a rate that is passed is made up for by who comes next. Calls are alike where the same
agent (else token) asks the same model with about the same bound, within a factor of two, so that
one long prompt is never measured by short ones. A cost counts in full for some minutes, then halves
again and again: an expensive call does not shut out the cheap ones after it for ever (B4). Rules
for future edits: pure, time is an argument; bounded; what is forgotten makes holds larger, never
smaller than certain.
Counterparts: `hold.ask`, and the gateway's stakes for tokens.
"""

from typing import Final

_MOST_KINDS: Final = 4096
_HALF_LIFE_S: Final = 300
_HALVINGS: Final = 12
# How many of the latest calls the mean is of, about.
_LATEST: Final = 8

Kind = tuple[str | None, str | None, int]


class History:
    """The recent costs and tokens of one worker's calls."""

    __slots__ = ("_kinds", "_tokens")

    def __init__(self) -> None:
        self._kinds: dict[Kind, tuple[int, float]] = {}
        self._tokens: dict[Kind, int] = {}  # the mean, times `_LATEST`

    def __repr__(self) -> str:
        return f"<History of {len(self._kinds)} kinds>"

    @staticmethod
    def kind(who: str | None, model: str | None, bound: int) -> Kind:
        """What makes calls alike."""
        return who, model, bound.bit_length()

    @staticmethod
    def of_anybody(kind: Kind) -> Kind:
        """The kind of such calls by whomever, for who has not made any yet."""
        return None, kind[1], kind[2]

    def recent(self, kind: Kind, now: float) -> int | None:
        """The largest cost of late, decayed, or None where nothing is remembered.

        Takes: seconds of a clock that never goes back.
        """
        found = self._kinds.get(kind)
        if found is None:
            return None
        cost, at = found
        age = now - at
        if age < _HALF_LIFE_S:
            return cost
        halvings = int(age // _HALF_LIFE_S)
        if halvings > _HALVINGS:
            del self._kinds[kind]
            return None
        return cost >> halvings

    def learn(self, kind: Kind, cost: int, now: float) -> None:
        """Take what a call came to."""
        before = self.recent(kind, now)
        if before is not None and before > cost:
            return  # the larger one goes on decaying from its own time
        if before is None and len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = cost, now

    def usual_tokens(self, kind: Kind) -> int | None:
        """The mean of late, or None where nothing is remembered.

        Example: after calls of 1,000 tokens one of 2,000 makes it 1,125.
        """
        latest = self._tokens.get(kind)
        return None if latest is None else latest // _LATEST

    def learn_tokens(self, kind: Kind, tokens: int) -> None:
        """Take how many tokens a call came to."""
        latest = self._tokens.get(kind)
        if latest is None:
            if len(self._tokens) >= _MOST_KINDS:
                self._tokens.clear()
            self._tokens[kind] = tokens * _LATEST
        else:
            self._tokens[kind] = latest - latest // _LATEST + tokens
