"""What calls of late came to, by who calls what and how large: the measure of an estimated hold.

Hides a decaying maximum. Calls are alike where the same agent (else token) asks the same model
with about the same bound, within a factor of two, so that one long prompt is never measured by
short ones. A cost counts in full for some minutes, then halves again and again: an expensive call
does not shut out the cheap ones after it for ever (B4). Rules for future edits: pure, time is an
argument; bounded; what is forgotten makes holds larger, never smaller than certain.
Counterpart: `hold.ask`.
"""

from typing import Final

_MOST_KINDS: Final = 4096
_HALF_LIFE_S: Final = 300
_HALVINGS: Final = 12

Kind = tuple[str | None, str | None, int]


class History:
    """The recent costs of one worker's calls."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[Kind, tuple[int, float]] = {}

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
