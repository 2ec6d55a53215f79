"""Names of OpenAI's methods by their paths, as Google's compatible endpoints take them.

Hides which of them hold usage. Rules for future edits: as in `google_operations`: names come
from this table, never from the path. The body names the model, so each that is charged asks.
Source: Gemini API "OpenAI compatibility" (chat and embeddings recorded, images, files and
batches as its page says); aiplatform discovery rev 20261106 for Vertex.
Counterpart: `openai_compat` reads the answers.
"""

from typing import Final

from weighbridge.providers.google_operations import UNKNOWN_OPERATION, Billing, Operation

_ANY: Final = "*"  # an id


def _charged(name: str) -> Operation:
    return Operation(name, Billing.METERED, asks=True)


def _free(name: str) -> Operation:
    return Operation(name, Billing.FREE)


_OPENAI: Final = {
    (b"POST", ("chat", "completions")): _charged("chat.completions"),
    (b"POST", ("completions",)): _charged("completions"),
    (b"POST", ("embeddings",)): _charged("embeddings"),
    (b"POST", ("images", "generations")): _charged("images.generations"),
    (b"POST", ("responses",)): _charged("responses"),
    (b"POST", ("responses", "compact")): _charged("responses.compact"),
    # An answer that was made before: reading it again is not charged again.
    (b"GET", ("responses", _ANY)): _free("getResponse"),
    (b"DELETE", ("responses", _ANY)): _free("deleteResponse"),
    (b"GET", ("models",)): _free("listModels"),
    (b"GET", ("models", _ANY)): _free("getModel"),
    (b"GET", ("files",)): _free("listFiles"),
    (b"POST", ("files",)): _free("uploadFile"),
    (b"GET", ("files", _ANY)): _free("getFile"),
    (b"GET", ("files", _ANY, "content")): _free("getFileContent"),
    (b"DELETE", ("files", _ANY)): _free("deleteFile"),
    (b"GET", ("batches",)): _free("listOpenAiBatches"),
    (b"POST", ("batches",)): Operation("createOpenAiBatch", Billing.UNSEEN),
    (b"GET", ("batches", _ANY)): _free("getOpenAiBatch"),
    (b"POST", ("batches", _ANY, "cancel")): _free("cancelOpenAiBatch"),
}


def openai_operation(method: bytes, segments: tuple[str, ...]) -> Operation:
    """The operation on an OpenAI-compatible path, given behind its prefix.

    Example: POST `chat/completions`; Vertex also takes `v1/responses`; GET `models/m` and GET
    `models/google/m` are `getModel`.
    """
    if "" in segments:
        return UNKNOWN_OPERATION
    if segments[:1] == ("v1",):
        segments = segments[1:]
    if segments[:1] == ("models",) and len(segments) > 2:
        segments = segments[:2]  # A model's id may hold slashes.
    exact = _OPENAI.get((method, segments))
    if exact is not None or len(segments) < 2:
        return exact or UNKNOWN_OPERATION
    return _OPENAI.get((method, (segments[0], _ANY, *segments[2:])), UNKNOWN_OPERATION)
