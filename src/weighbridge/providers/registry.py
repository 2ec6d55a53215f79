"""All providers, and which of them owns a request target.

Hides the order in which they are asked and the memory of past answers: the gateway asks for
every request, and a busy service asks for the same few paths. Rules for future edits: the
memory is bounded in entries and in bytes, and holds nothing of a query.
"""

from typing import Final

from weighbridge.core.outcome import Refusal
from weighbridge.providers.base import Provider, Route
from weighbridge.providers.gemini import GeminiProvider
from weighbridge.providers.targets import has_upload_id
from weighbridge.providers.vertex import VertexProvider

_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 512
_UPLOAD: Final = b"/upload/"


class Registry:
    """The providers of this gateway."""

    __slots__ = ("_by_name", "_providers", "_remembered")

    def __init__(self) -> None:
        # Vertex first: its paths are the narrower shape on the same port.
        providers: tuple[Provider, ...] = (VertexProvider(), GeminiProvider())
        self._providers = {provider.name: provider for provider in providers}
        self._by_name = {**self._providers, "google": self._providers["gemini"]}
        self._remembered: dict[tuple[bytes, bytes], Route | Refusal | None] = {}

    def __repr__(self) -> str:
        return f"<Registry {', '.join(self._providers)}: {len(self._remembered)} paths known>"

    def route(self, method: bytes, target: bytes) -> Route | Refusal | None:
        """Meaning of a raw request target, or None where no provider owns it.

        Gives: always the same for the same method and path; of the query only an upload's id
        counts.
        """
        path, _, query = target.partition(b"?")
        if query and path.startswith(_UPLOAD) and has_upload_id(query):
            return self._ask(method, target)
        key = (method, path)
        try:
            return self._remembered[key]
        except KeyError:
            found = self._ask(method, path)
            if len(path) <= _LONGEST_REMEMBERED:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[key] = found
            return found

    def provider(self, name: str) -> Provider:
        """The provider of an upstream or surface (`gemini`, `vertex`) or of an error shape.

        Errors: `KeyError` for any other name.
        """
        return self._by_name[name]

    def _ask(self, method: bytes, target: bytes) -> Route | Refusal | None:
        for provider in self._providers.values():
            found = provider.route(method, target)
            if found is not None:
                return found
        return None
