"""A request target as Google reads it: which API, version, model, method, resource.

Independent of `providers/` on purpose: the simulator must be able to disagree with the gateway.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

_VERTEX = r"/(?P<version>v[^/]+)(?:/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+))?"
_PATTERNS = tuple(
    (kind, re.compile(pattern + r"$"))
    for kind, pattern in (
        ("openai", r"/(?P<version>v[^/]+)/openai/(?P<rest>.+)"),
        ("openai", _VERTEX + r"/endpoints/[^/:]+/(?P<rest>(?:chat/)?completions|embeddings|"
                             r"responses)"),
        ("openai", _VERTEX + r"/publishers/(?P<publisher>[^/]+)/v1/(?P<rest>responses.*)"),
        ("model", (r"/(?P<version>v[^/]+)/(?P<family>models|tunedModels|dynamic)/"
                  r"(?P<model>[^/:]+):(?P<operation>[A-Za-z]+)")),
        ("model", _VERTEX + r"/publishers/(?P<publisher>[^/]+)/models/"
                            r"(?P<model>[^/:]+):(?P<operation>[A-Za-z]+)"),
        ("model", _VERTEX + r"/endpoints/(?P<model>[^/:]+):(?P<operation>[A-Za-z]+)"),
        ("upload", (r"/upload/(?P<version>v[^/]+)/(?P<rest>files|"
                    r"fileSearchStores/[^/:]+:uploadToFileSearchStore)")),
        ("download", r"(?:/download)?/(?P<version>v[^/]+)/files/(?P<rest>[^/:]+):download"),
        ("models", r"/(?P<version>v[^/]+)/models(?:/(?P<model>[^/:]+))?"),
        ("files", r"/(?P<version>v[^/]+)/files(?:/(?P<rest>[^/:]+))?"),
        ("caches", _VERTEX + r"/cachedContents(?:/(?P<rest>[^/:]+))?"),
        ("batches", r"/(?P<version>v[^/]+)/batches(?:/(?P<rest>[^/]+))?"),
        ("batches", _VERTEX + r"/batchPredictionJobs(?:/(?P<rest>[^/]+))?"),
        ("interactions", _VERTEX + r"/interactions(?:/(?P<rest>[^/]+(?:/cancel)?))?"),
        ("interactions", _VERTEX + r"/interactions:(?P<operation>create|createStream)"),
        ("operations", r"/(?P<version>v[^/]+)/(?P<rest>(?:.+/)?operations/[^/:]+)"),
        ("stores", r"/(?P<version>v[^/]+)/(?P<rest>fileSearchStores(?:/.+)?)"),
        ("tuned", r"/(?P<version>v[^/]+)/tunedModels(?:/(?P<rest>[^/:]+))?"),
        ("tokens", r"/(?P<version>v[^/]+)/auth_tokens"),
        ("discovery", r"/\$discovery/rest"),
        ("other", r"/(?P<version>v[^/]+)/(?P<rest>.+)"),
    )
)  # fmt: skip


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of one target.

    `kind` names the part of the simulator that answers; `vertex` is told by the path.
    """

    kind: str
    path: str
    query: dict[str, str]
    version: str = ""
    model: str = ""
    operation: str = ""
    rest: str = ""
    vertex: bool = False
    project: str | None = None
    location: str | None = None
    publisher: str = "google"

    @property
    def integer_enums(self) -> bool:
        """Whether enums are asked for as numbers."""
        return "enum-encoding=int" in self.query.get("$alt", "")

    @property
    def sse(self) -> bool:
        """Whether a stream is asked for as events."""
        return self.query.get("alt") == "sse" or self.query.get("$alt") == "sse"

    @property
    def compact(self) -> bool:
        """Whether indentation is not wanted."""
        return self.query.get("prettyPrint", "").lower() in {"false", "0"}


def parse_target(target: str) -> Call:
    """The call of a raw request target, in origin or absolute form."""
    split = urlsplit(target)
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    path = unquote(split.path)
    for kind, pattern in _PATTERNS:
        if match := pattern.match(path):
            parts = {key: value for key, value in match.groupdict().items() if value}
            parts.pop("family", None)
            vertex = "publisher" in parts or "project" in parts or "/endpoints/" in path
            return Call(kind=kind, path=path, query=query, vertex=vertex, **parts)
    return Call(kind="nothing", path=path, query=query)
