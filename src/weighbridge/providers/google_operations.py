"""Names of Google's methods by the shape of their paths, the same on both surfaces.

Hides the REST conventions (AIP-127, AIP-131 to 136): collection, id, custom verb. Rules for
future edits: an operation's name comes from these tables, never from the path itself, so no
client text reaches the ledger; what is not listed is `unknown` and is forwarded all the same.
Source: http rules of google-ai-generativelanguage 0.12.1, aiplatform discovery rev 20261106.
"""

from enum import Enum
from typing import Final

import msgspec

UNKNOWN: Final = "unknown"


class Billing(Enum):
    """What a call of an operation may cost, and whether its answer says so."""

    METERED = "metered"  # usage stands in the answer
    FREE = "free"  # nothing is charged
    UNSEEN = "unseen"  # charged, but not by what the answer says


class Operation(msgspec.Struct, frozen=True):
    """A method's name and how it is billed."""

    name: str
    billing: Billing


UNKNOWN_OPERATION: Final = Operation(UNKNOWN, Billing.UNSEEN)

# Custom verbs of models, tuned models and endpoints; all are POST.
_MODEL_VERBS: Final = {
    "generateContent": Billing.METERED,
    "streamGenerateContent": Billing.METERED,
    "embedContent": Billing.METERED,
    "batchEmbedContents": Billing.METERED,
    "countTokens": Billing.FREE,
    "computeTokens": Billing.FREE,
    "countTextTokens": Billing.FREE,
    "countMessageTokens": Billing.FREE,
    "transferOwnership": Billing.FREE,
    "fetchPredictOperation": Billing.FREE,
    "asyncBatchEmbedContent": Billing.UNSEEN,
    "batchGenerateContent": Billing.UNSEEN,
    "generateAnswer": Billing.UNSEEN,
    "generateText": Billing.UNSEEN,
    "generateMessage": Billing.UNSEEN,
    "embedText": Billing.UNSEEN,
    "batchEmbedText": Billing.UNSEEN,
    "predict": Billing.UNSEEN,
    "predictLongRunning": Billing.UNSEEN,
    "rawPredict": Billing.UNSEEN,
    "streamRawPredict": Billing.UNSEEN,
    "serverStreamingPredict": Billing.UNSEEN,
}
_MODEL_COLLECTIONS: Final = frozenset({"models", "tunedModels", "dynamic", "endpoints"})

# Custom verbs elsewhere, by collection and verb.
_VERBS: Final = {
    ("files", "download"): Operation("downloadFile", Billing.FREE),
    ("files", "register"): Operation("registerFiles", Billing.FREE),
    ("batches", "cancel"): Operation("cancelBatch", Billing.FREE),
    ("batchPredictionJobs", "cancel"): Operation("cancelBatchPredictionJob", Billing.FREE),
    ("tuningJobs", "cancel"): Operation("cancelTuningJob", Billing.FREE),
    ("operations", "cancel"): Operation("cancelOperation", Billing.FREE),
    ("operations", "wait"): Operation("waitOperation", Billing.FREE),
    ("interactions", "cancel"): Operation("cancelInteraction", Billing.FREE),
    ("fileSearchStores", "importFile"): Operation("importFile", Billing.UNSEEN),
    ("fileSearchStores", "uploadToFileSearchStore"): Operation(
        "uploadToFileSearchStore", Billing.UNSEEN
    ),
    ("ragFiles", "upload"): Operation("uploadRagFile", Billing.UNSEEN),
    ("ragFiles", "import"): Operation("importRagFiles", Billing.UNSEEN),
}

# Singular and plural of collections with the standard methods.
_COLLECTIONS: Final = {
    "models": ("Model", "Models"),
    "tunedModels": ("TunedModel", "TunedModels"),
    "files": ("File", "Files"),
    "generatedFiles": ("GeneratedFile", "GeneratedFiles"),
    "cachedContents": ("CachedContent", "CachedContents"),
    "batches": ("Batch", "Batches"),
    "batchPredictionJobs": ("BatchPredictionJob", "BatchPredictionJobs"),
    "tuningJobs": ("TuningJob", "TuningJobs"),
    "operations": ("Operation", "Operations"),
    "interactions": ("Interaction", "Interactions"),
    "agents": ("Agent", "Agents"),
    "corpora": ("Corpus", "Corpora"),
    "documents": ("Document", "Documents"),
    "permissions": ("Permission", "Permissions"),
    "fileSearchStores": ("FileSearchStore", "FileSearchStores"),
    "auth_tokens": ("AuthToken", "AuthTokens"),
    "endpoints": ("Endpoint", "Endpoints"),
}
# Standard methods that are charged; creating a cache bills its tokens once and says how many.
_CHARGED: Final = {
    "createCachedContent": Billing.METERED,
    "createInteraction": Billing.UNSEEN,
    "createTuningJob": Billing.UNSEEN,
    "createTunedModel": Billing.UNSEEN,
    "createBatchPredictionJob": Billing.UNSEEN,
    "createDocument": Billing.UNSEEN,
    "createEndpoint": Billing.UNSEEN,
}
_ON_COLLECTION: Final = {b"GET": "list", b"POST": "create"}
_ON_MEMBER: Final = {
    b"GET": "get",
    b"PATCH": "update",
    b"PUT": "update",
    b"DELETE": "delete",
}

# OpenAI-compatible paths below `openai/` or `endpoints/openapi/`.
_OPENAI: Final = {
    (b"POST", ("chat", "completions")): Operation("chat.completions", Billing.METERED),
    (b"POST", ("embeddings",)): Operation("embeddings", Billing.METERED),
    (b"POST", ("completions",)): Operation("completions", Billing.UNSEEN),
    (b"POST", ("responses",)): Operation("responses", Billing.UNSEEN),
    (b"POST", ("images", "generations")): Operation("images.generations", Billing.UNSEEN),
    (b"GET", ("models",)): Operation("listModels", Billing.FREE),
}


def resource_operation(method: bytes, segments: tuple[str, ...], verb: str) -> Operation:
    """The operation on a resource path.

    Takes: the path behind the version (on Vertex: behind the location), without custom verb.
    Example: POST `models/m` with `generateContent`; GET `models` is `listModels`, GET
    `models/m` is `getModel`, GET `models/m/operations/o` is `getOperation`.
    """
    if not segments or "" in segments:
        return UNKNOWN_OPERATION
    of_member = len(segments) % 2 == 0
    collection = segments[-2] if of_member else segments[-1]
    if verb:
        if collection in _MODEL_COLLECTIONS and of_member and method == b"POST":
            billing = _MODEL_VERBS.get(verb)
            return UNKNOWN_OPERATION if billing is None else Operation(verb, billing)
        return _VERBS.get((collection, verb), UNKNOWN_OPERATION)
    names = _COLLECTIONS.get(collection)
    action = (_ON_MEMBER if of_member else _ON_COLLECTION).get(method)
    if names is None or action is None:
        return UNKNOWN_OPERATION
    name = action + names[1 if action == "list" else 0]
    return Operation(name, _CHARGED.get(name, Billing.FREE))


def openai_operation(method: bytes, segments: tuple[str, ...]) -> Operation:
    """The operation on an OpenAI-compatible path, given behind its prefix."""
    return _OPENAI.get((method, segments), UNKNOWN_OPERATION)
