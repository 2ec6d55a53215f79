"""What stands in a raw request target, for recognition only; what is forwarded stays raw.

Hides percent-encoding, query and the shapes that are never ours. Rules for future edits:
whatever is doubtful gives None, which the client sees as ROUTE_UNKNOWN; nothing here is ever
written back into a request; no host is read from a target (P3).
"""

import re
from typing import Final
from urllib.parse import unquote

import msgspec

# Printable ASCII without `#` (no part of a request target) and `\` (some servers read it as a
# slash). Source: RFC 9112 section 3.2.1, RFC 3986 section 3.3.
_ORIGIN_FORM: Final = re.compile(rb"/[!-\"$-\[\]-~]*")
_VERSION: Final = re.compile(r"v[0-9][0-9A-Za-z._-]{0,31}")
_AREAS: Final = {"upload": "upload", "download": "download"}


class Target(msgspec.Struct, frozen=True):
    """A path of Google's APIs in decoded segments.

    `area` is the first word where it is none of the version: `upload`, `download`, `ws`,
    `discovery`, or empty. `segments` follow the version (for `ws`: the area).
    """

    area: str
    segments: tuple[str, ...]
    version: str = ""

    def split_verb(self) -> tuple[tuple[str, ...], str]:
        """Segments without the custom verb of the last one, and the verb (may be empty).

        Example: `models/gemini-2.5-pro:countTokens` gives `("models", "gemini-2.5-pro")` and
        `"countTokens"`.
        """
        if not self.segments:
            return self.segments, ""
        last, colon, verb = self.segments[-1].rpartition(":")
        if not colon:
            return self.segments, ""
        return (*self.segments[:-1], last), verb


def read_target(path: bytes) -> Target | None:
    """The target's meaning-bearing parts, or None where no path of Google's is meant.

    Takes: the raw path without its query.
    Gives: None for absolute-form and asterisk-form, for dot segments in any encoding, for an
    empty first segment (but for `//ws/`), and for bytes that a request target cannot hold.
    Example: `/v1beta/models/gemini-2.5-pro%3AgenerateContent` is read as Google reads it;
    `/v1beta/../x` and `/v1beta/%2e%2E/x` give None.
    """
    if _ORIGIN_FORM.fullmatch(path) is None:
        return None
    segments = unquote(path.decode("ascii")).split("/")[1:]
    if segments[:2] == ["", "ws"]:
        del segments[0]  # Google's SDKs put `/ws/…` behind a base URL that ends in a slash
    if "." in segments or ".." in segments:
        return None
    first, rest = segments[0], tuple(segments[1:])
    if _VERSION.fullmatch(first) is not None:
        return Target("", rest, first) if rest else None
    if first in _AREAS:
        if len(rest) < 2 or _VERSION.fullmatch(rest[0]) is None:
            return None
        return Target(_AREAS[first], rest[1:], rest[0])
    if first in {"ws", "$discovery"}:
        return Target(first.removeprefix("$"), rest) if rest else None
    return None


def has_upload_id(query: bytes) -> bool:
    """Whether a query carries a resumable upload's id, which marks the upload's second step."""
    return any(
        part.startswith(b"upload_id=") and len(part) > len(b"upload_id=")
        for part in query.split(b"&")
    )
