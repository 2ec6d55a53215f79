"""Names of models as the ledger may keep them, from a path or from an answer.

Hides which spellings name the same model, and what is no name at all. Rules for future edits:
both sources are somebody else's text, so nothing passes but a bounded set of characters; a
tuned model keeps its `tunedModels/` so that it is never priced as a base model of that name.
"""

import re
from functools import lru_cache
from typing import Final

_LONGEST: Final = 256
_NAME: Final = re.compile(r"[A-Za-z0-9._@:/-]+")
# `meta/llama-4-scout`, as Vertex's OpenAI-compatible endpoint names other publishers' models.
_MADE_BY: Final = re.compile(r"(?:publishers/([a-z0-9-]{1,32})/models/|([a-z0-9-]{1,32})/)([^/]+)")
_NO_MAKERS: Final = frozenset({"models", "endpoints", "dynamic"})

# `models/` comes from the Developer API (12 of the recorded answers), the others from Vertex:
# full resource names, also below a project and a location, and the publisher prefix of its
# OpenAI-compatible endpoint.
_PLACE: Final = re.compile(r"projects/[^/]+/locations/[^/]+/(?=publishers/)")
_PREFIXES: Final = ("models/", "publishers/google/models/", "google/")
# The one family whose answers are songs, also where it is called as text models are.
_SONGS: Final = "lyria-"


def keep_model(name: object) -> str | None:
    """A model's name as it may be stored, or None where it is no name.

    Example: `keep_model("models/gemini-2.5-pro")` gives `"gemini-2.5-pro"`;
    `keep_model("tunedModels/mine")` gives `"tunedModels/mine"`;
    `keep_model("what is love?")` gives None.
    """
    if type(name) is not str or len(name) > _LONGEST:
        return None
    try:
        return _kept(name)
    except ValueError:
        return None


def made_by(name: object) -> tuple[str | None, str | None]:
    """Who makes the model that a request or answer of Vertex names, and the model's own name.

    Gives: no maker where the name tells none.
    Example: `meta/llama-4-scout` gives `("meta", "llama-4-scout")`; `google/gemini-2.5-pro`
    gives `("google", "gemini-2.5-pro")`; `gemini-2.5-pro` gives `(None, "gemini-2.5-pro")`.
    """
    model = keep_model(name)
    if model is None or type(name) is not str:
        return None, None
    found = _MADE_BY.fullmatch(_PLACE.sub("", name))
    if found is None:
        return None, model
    maker = found[1] or found[2]
    return (None, model) if maker in _NO_MAKERS else (maker, found[3])


def makes_songs(model: str | None) -> bool:
    """Whether a model's answers are songs, billed by the piece."""
    return model is not None and model.startswith(_SONGS)


@lru_cache(maxsize=1024)
def _kept(name: str) -> str | None:
    """The same, remembered; what is no name raises, so that no such text stays behind."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("no name of a model")
    name = _PLACE.sub("", name)
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :] or None
    return name
