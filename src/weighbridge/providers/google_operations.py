"""Names of Google's methods by the shape of their paths, the same on both surfaces.

Hides the REST conventions (AIP-127, AIP-131 to 136): collection, id, custom verb. Rules for
future edits: an operation's name comes from these tables, never from the path itself, so no
client text reaches the ledger; what is not listed is `unknown` and is forwarded all the same.
Source: http rules of google-ai-generativelanguage 0.12.1, paths of google-genai 3.4.0,
aiplatform discovery rev 20261106.
Counterpart: `openai_operations` for the OpenAI-compatible paths of both surfaces.
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
    """A method's name, how it is billed, and what its bodies say.

    `tells`: the answer tells of something that outlives the call (`core/resource`); `asks` and
    `takes_labels` as of a `Route`.
    """

    name: str
    billing: Billing
    tells: bool = False
    asks: bool = False
    takes_labels: bool = False

    @property
    def is_read(self) -> bool:
        """Whether an answer is worth reading."""
        return self.billing is Billing.METERED or self.tells


UNKNOWN_OPERATION: Final = Operation(UNKNOWN, Billing.UNSEEN)
LIVE: Final = Operation("live", Billing.UNSEEN)
INVOKE: Final = Operation("invoke", Billing.UNSEEN)


def _named(billing: Billing, *names: str, tells: bool = False) -> dict[str, Operation]:
    return {name: Operation(name, billing, tells=tells) for name in names}


# Custom verbs of models, tuned models and endpoints; all are POST.
_MODEL_VERBS: Final = {
    "generateContent": Operation("generateContent", Billing.METERED, takes_labels=True),
    "streamGenerateContent": Operation("streamGenerateContent", Billing.METERED, takes_labels=True),
    "predictLongRunning": Operation("predictLongRunning", Billing.UNSEEN, tells=True, asks=True),
    **_named(Billing.METERED, "embedContent", "batchEmbedContents", "predict"),
    **_named(Billing.METERED, "rawPredict", "streamRawPredict"),
    **_named(Billing.FREE, "countTokens", "computeTokens", "countTextTokens"),
    **_named(Billing.FREE, "countMessageTokens", "transferOwnership"),
    **_named(Billing.FREE, "fetchPredictOperation", tells=True),
    **_named(Billing.UNSEEN, "asyncBatchEmbedContent", "batchGenerateContent", tells=True),
    **_named(Billing.UNSEEN, "generateAnswer", "generateText", "generateMessage"),
    **_named(Billing.UNSEEN, "embedText", "batchEmbedText"),
    **_named(Billing.UNSEEN, "serverStreamingPredict", "directPredict", "directRawPredict"),
}
_MODEL_COLLECTIONS: Final = frozenset({"models", "tunedModels", "dynamic", "endpoints"})
# Verbs that mean a known charge only with a publisher's model: an endpoint of one's own is paid
# by the hour, whatever it answers.
_PUBLISHERS_ONLY: Final = frozenset({"predict", "rawPredict", "streamRawPredict"})

_INTERACT: Final = Operation("createInteraction", Billing.METERED, asks=True)
_INTERACT_LABELLED: Final = Operation(
    "createInteraction", Billing.METERED, asks=True, takes_labels=True
)
_GET_INTERACTION: Final = Operation("getInteraction", Billing.FREE, tells=True)

# Custom verbs elsewhere, by method, collection and verb.
_VERBS: Final = {
    (b"GET", "files", "download"): Operation("downloadFile", Billing.FREE, tells=True),
    (b"POST", "files", "register"): Operation("registerFiles", Billing.FREE),
    (b"POST", "batches", "cancel"): Operation("cancelBatch", Billing.FREE),
    (b"POST", "batchPredictionJobs", "cancel"): Operation("cancelBatchPredictionJob", Billing.FREE),
    (b"POST", "tuningJobs", "cancel"): Operation("cancelTuningJob", Billing.FREE),
    (b"POST", "operations", "cancel"): Operation("cancelOperation", Billing.FREE),
    (b"POST", "operations", "wait"): Operation("waitOperation", Billing.FREE, tells=True),
    (b"POST", "corpora", "query"): Operation("queryCorpus", Billing.FREE),
    (b"POST", "documents", "query"): Operation("queryDocument", Billing.FREE),
    (b"POST", "chunks", "batchCreate"): Operation("batchCreateChunks", Billing.FREE),
    (b"POST", "chunks", "batchUpdate"): Operation("batchUpdateChunks", Billing.FREE),
    (b"POST", "chunks", "batchDelete"): Operation("batchDeleteChunks", Billing.FREE),
    (b"POST", "webhooks", "ping"): Operation("pingWebhook", Billing.FREE),
    (b"POST", "webhooks", "rotateSigningSecret"): Operation("rotateSigningSecret", Billing.FREE),
    (b"POST", "interactions", "cancel"): Operation("cancelInteraction", Billing.FREE),
    (b"POST", "interactionsHttp", "cancel"): Operation("cancelInteraction", Billing.FREE),
    (b"POST", "interactions", "create"): _INTERACT_LABELLED,
    (b"POST", "interactions", "createStream"): _INTERACT_LABELLED,
    (b"GET", "interactions", "poll"): _GET_INTERACTION,
    (b"GET", "interactions", "stream"): _GET_INTERACTION,
    (b"POST", "fileSearchStores", "importFile"): Operation("importFile", Billing.UNSEEN),
    (b"POST", "fileSearchStores", "uploadToFileSearchStore"): Operation(
        "uploadToFileSearchStore", Billing.UNSEEN
    ),
    (b"POST", "ragFiles", "upload"): Operation("uploadRagFile", Billing.UNSEEN),
    (b"POST", "ragFiles", "import"): Operation("importRagFiles", Billing.UNSEEN),
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
    "interactionsHttp": ("Interaction", "Interactions"),
    "agents": ("Agent", "Agents"),
    "environments": ("Environment", "Environments"),
    "credentials": ("Credential", "Credentials"),
    "webhooks": ("Webhook", "Webhooks"),
    "triggers": ("Trigger", "Triggers"),
    "executions": ("Execution", "Executions"),
    "voices": ("Voice", "Voices"),
    "decisions": ("Decision", "Decisions"),
    "corpora": ("Corpus", "Corpora"),
    "documents": ("Document", "Documents"),
    "chunks": ("Chunk", "Chunks"),
    "permissions": ("Permission", "Permissions"),
    "fileSearchStores": ("FileSearchStore", "FileSearchStores"),
    "ragStores": ("RagStore", "RagStores"),
    "ragCorpora": ("RagCorpus", "RagCorpora"),
    "ragFiles": ("RagFile", "RagFiles"),
    "auth_tokens": ("AuthToken", "AuthTokens"),
    "endpoints": ("Endpoint", "Endpoints"),
}
# Standard methods that are charged, or tell of what is; all others are free and say nothing.
# Creating a cache bills its tokens once and says how many.
_NOTED: Final = {
    "createInteraction": _INTERACT,
    "getInteraction": _GET_INTERACTION,
    "createDecision": Operation("createDecision", Billing.METERED, asks=True),
    "createBatchPredictionJob": Operation("createBatchPredictionJob", Billing.UNSEEN, asks=True),
    "createCachedContent": Operation("createCachedContent", Billing.METERED, tells=True, asks=True),
    **_named(Billing.FREE, "getCachedContent", "listCachedContents", tells=True),
    **_named(Billing.FREE, "updateCachedContent", "deleteCachedContent", tells=True),
    **_named(Billing.FREE, "getBatch", "listBatches", "getOperation", tells=True),
    **_named(Billing.UNSEEN, "createTuningJob", "createTunedModel", "createDocument"),
    **_named(Billing.UNSEEN, "createEndpoint", "createEnvironment", "createExecution"),
    **_named(Billing.UNSEEN, "createVoice"),
}
_ON_COLLECTION: Final = {b"GET": "list", b"POST": "create"}
_ON_MEMBER: Final = {
    b"GET": "get",
    b"PATCH": "update",
    b"PUT": "update",
    b"DELETE": "delete",
}
# Files within an environment, whose names may hold slashes.
_ENVIRONMENT_FILES: Final = {
    b"GET": Operation("downloadEnvironmentFile", Billing.FREE),
    b"POST": Operation("uploadEnvironmentFile", Billing.FREE),
    b"PUT": Operation("uploadEnvironmentFile", Billing.FREE),
    b"DELETE": Operation("deleteEnvironmentFile", Billing.FREE),
}


def resource_operation(
    method: bytes, segments: tuple[str, ...], verb: str, *, publishers: bool = True
) -> Operation:
    """The operation on a resource path.

    Takes: the path behind the version (on Vertex: behind the location), without custom verb;
    whether its models are a publisher's.
    Example: POST `models/m` with `generateContent`; GET `models` is `listModels`, GET
    `models/m` is `getModel`, GET `models/m/operations/o` is `getOperation`.
    """
    if not segments or "" in segments:
        return UNKNOWN_OPERATION
    if segments[0] == "environments" and segments[2:3] == ("files",) and not verb:
        return _ENVIRONMENT_FILES.get(method, UNKNOWN_OPERATION)
    if not verb and len(segments) % 2 and len(segments) > 2 and segments[-1] == "cancel":
        segments, verb = segments[:-1], "cancel"  # Interactions are cancelled by a path.
    if len(segments) > 1 and segments[-2] == "operations":
        segments = segments[-2:]  # Operations stand below resources of any depth.
    of_member = len(segments) % 2 == 0
    collection = segments[-2] if of_member else segments[-1]
    if verb:
        if collection in _MODEL_COLLECTIONS and of_member and method == b"POST":
            return _model_operation(verb, publishers=publishers and collection == "models")
        return _VERBS.get((method, collection, verb), UNKNOWN_OPERATION)
    names = _COLLECTIONS.get(collection)
    action = (_ON_MEMBER if of_member else _ON_COLLECTION).get(method)
    if names is None or action is None:
        return UNKNOWN_OPERATION
    name = action + names[1 if action == "list" else 0]
    return _NOTED.get(name) or Operation(name, Billing.FREE)


def _model_operation(verb: str, *, publishers: bool) -> Operation:
    operation = _MODEL_VERBS.get(verb, UNKNOWN_OPERATION)
    if verb in _PUBLISHERS_ONLY and not publishers:
        return Operation(verb, Billing.UNSEEN)
    return operation
