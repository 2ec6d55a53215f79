"""Names of resources that outlive their call, as paths and answers spell them.

Hides that one resource has several spellings: a cache of Vertex is named with the project's
number by its creation and often with the project's id by later calls. Its id is unique within
its location, so the project is left out. Rules for future edits: nothing passes but a bounded
set of characters; a name is for finding the resource again, never for a row (it is stored as a
hash).
Counterpart: `core/resource` for what is told of a resource.
"""

import re
from typing import Final

_LONGEST: Final = 512
_NAME: Final = re.compile(r"[A-Za-z0-9._~@:/-]+")
# Operations whose answers do not say which resource they are about.
_UNSAID: Final = frozenset({"deleteCachedContent", "downloadFile"})
_PROJECT: Final = re.compile(r"projects/[^/]+/(?=.)")


def keep_resource(name: object) -> str | None:
    """A resource's name by which it is found again, or None where it is no name.

    Example: `projects/my-id/locations/eu/cachedContents/7` and
    `projects/123/locations/eu/cachedContents/7` give `locations/eu/cachedContents/7`;
    `batches/b1` is itself; `files/what is this` gives None.
    """
    if type(name) is not str or len(name) > _LONGEST or _NAME.fullmatch(name) is None:
        return None
    return _PROJECT.sub("", name, count=1)


def path_resource(operation: str, segments: tuple[str, ...]) -> str | None:
    """The resource that a path names, for the operations whose answers do not name it.

    Takes: the decoded path behind its version, without a custom verb.
    """
    return keep_resource("/".join(segments)) if operation in _UNSAID else None
