"""Which model a name means: exact names, and the few suffixes that never change a price.

Hides resource prefixes and version suffixes. Rules for future edits: never match by prefix.
`gemini-3.8-flash-lite` is not `gemini-3.8-flash`, and an experimental model is not the paid one
that its name begins with; a name that is not known stays unpriced (M9).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from weighbridge.pricing.pricefile import Model

# `models/x`, `publishers/google/models/x`, `projects/…/models/x`, `google/x`; not `tunedModels/x`.
_PREFIX: Final = re.compile(r"^(?:(?:.*/)?models/|google/|anthropic/)")
# -001, -05-20, -09-2025, -2025-05-20, -20250520, -latest; Vertex also writes @001 and @default.
_VERSION: Final = re.compile(
    r"(?:-\d{3}|-\d{2}-\d{2}|-\d{2}-\d{4}|-\d{4}-\d{2}-\d{2}|-\d{8}|-latest"
    r"|@\d{3}|@\d{8}|@default|@latest)$"
)


class NameIndex:
    """Names of one provider's models; later files add names and take them away."""

    __slots__ = ("_exact", "_undated")

    def __init__(self, models: Iterable[Model]) -> None:
        self._exact: dict[str, str] = {}
        undated: set[str] = set()
        for model in models:
            for name in (model.id, *model.names):
                self._exact[name.lower()] = model.id
            for name in model.drop_names:
                self._exact.pop(name.lower(), None)
            if not model.dated:
                undated.add(model.id)
        self._undated = frozenset(undated)

    def __repr__(self) -> str:
        return f"<NameIndex {len(self._exact)} names>"

    @property
    def exact(self) -> Mapping[str, str]:
        """Every listed name with the id of its model."""
        return self._exact

    def find(self, name: str | None) -> str | None:
        """Id of the model that `name` means, or None.

        Example: `models/gemini-2.5-flash-001` gives `gemini-2.5-flash`;
        `gemini-2.5-flash-turbo` gives None.
        """
        if not name:
            return None
        bare = _PREFIX.sub("", name.strip().lower())
        found = self._exact.get(bare)
        if found is not None:
            return found
        stem = _VERSION.sub("", bare)
        found = self._exact.get(stem) if stem != bare else None
        return None if found in self._undated else found
