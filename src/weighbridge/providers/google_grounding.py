"""Searches, maps and tools that an answer says it used: billable units beside the tokens.

Hides how grounding shows on the wire. Google bills unique non-empty queries for Gemini 3 and
later and grounded prompts before; which of the two applies is the price book's business, so
both facts are kept. Rules for future edits: of a query only its hash is held, and only until
the answer ends; web chunks alone prove nothing (URL context reports its pages the same way).
Source: 9 recorded answers with grounding: search has `webSearchQueries` and
`searchEntryPoint`, URL context has chunks only. Maps: GroundingMetadata of google-genai 3.4.0.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.usage import Usage

# More distinct queries in one answer than any model makes; what goes beyond is not counted.
_MOST_QUERIES: Final = 4096
_ABSENT: Final = msgspec.Raw(b"null")


def _there(value: msgspec.Raw) -> bool:
    """Whether a member that is only asked for its presence came, and was not null."""
    return value is not _ABSENT and value != _ABSENT


class _Part(msgspec.Struct, rename="camel", gc=False):
    executable_code: msgspec.Raw = _ABSENT
    code_execution_result: msgspec.Raw = _ABSENT


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Chunk(msgspec.Struct):
    maps: msgspec.Raw = _ABSENT


class GroundingMetadata(msgspec.Struct, rename="camel", gc=False):
    """`groundingMetadata` of one candidate."""

    web_search_queries: list[str] | None = None
    grounding_chunks: list[_Chunk] | None = None
    search_entry_point: msgspec.Raw = _ABSENT
    google_maps_widget_context_token: msgspec.Raw = _ABSENT


class Candidate(msgspec.Struct, rename="camel", gc=False):
    """The fields of a candidate that bear on cost or outcome."""

    finish_reason: Any = None
    content: _Content | None = None
    grounding_metadata: GroundingMetadata | None = None
    url_context_metadata: msgspec.Raw = _ABSENT


def tells_of_tools(candidate: Candidate) -> bool:
    """Whether there is anything here for `Grounding`: metadata, or a part that is no text."""
    if candidate.grounding_metadata is not None or candidate.url_context_metadata is not _ABSENT:
        return True
    content = candidate.content
    if content is not None and content.parts:
        for part in content.parts:
            if part.executable_code is not _ABSENT or part.code_execution_result is not _ABSENT:
                return True
    return False


def _ran_code(candidate: Candidate) -> bool:
    """Whether a part is code that ran, or its result."""
    if candidate.content is None or candidate.content.parts is None:
        return False
    return any(
        _there(part.executable_code) or _there(part.code_execution_result)
        for part in candidate.content.parts
    )


class Grounding:
    """Gathers over all chunks of one answer."""

    __slots__ = ("_maps", "_queries", "_reported", "_search", "_tools")

    def __init__(self) -> None:
        self._queries: set[int] = set()
        self._reported = False
        self._search = False
        self._maps = False
        self._tools = False

    def __repr__(self) -> str:
        return f"<Grounding {len(self._queries)} queries search={self._search} maps={self._maps}>"

    def add(self, candidate: Candidate) -> None:
        """Take one candidate of one chunk."""
        if _there(candidate.url_context_metadata) or _ran_code(candidate):
            self._tools = True
        metadata = candidate.grounding_metadata
        if metadata is None:
            return
        if metadata.web_search_queries is not None:
            self._reported = True
            for query in metadata.web_search_queries:
                if query.strip() and len(self._queries) < _MOST_QUERIES:
                    self._queries.add(hash(query))
        if _there(metadata.search_entry_point):
            self._search = True
        if _there(metadata.google_maps_widget_context_token) or any(
            _there(chunk.maps) for chunk in metadata.grounding_chunks or ()
        ):
            self._maps = True

    def describe(self, usage: Usage) -> None:
        """Put what was gathered on the usage.

        The wire has one list of queries. Where maps grounded the answer and nothing shows a
        web search, they are maps queries, else web searches. A search that shows without its
        queries leaves their number unsaid.
        """
        usage.url_context_or_code = self._tools
        usage.grounded_by_maps = self._maps
        only_maps = self._maps and not self._search
        usage.grounded_by_search = self._search or (bool(self._queries) and not only_maps)
        if only_maps:
            usage.maps_queries = max(1, len(self._queries))
            return
        if self._maps:
            usage.maps_queries = 1
        if self._queries or (self._reported and not self._search):
            usage.search_queries = len(self._queries)
