"""Google's enums as names, whether an answer spells them as names or as integers (M13).

The old SDK asks for `$alt=json;enum-encoding=int`, so integers are everyday traffic. The two
surfaces number their finish and block reasons differently. Rules for future edits: a number
without a name here becomes UNRECOGNISED, never a guess.
Source: proto enums of google-ai-generativelanguage 0.12.1 (Developer API) and
google-cloud-aiplatform 2.7.0 (Vertex), read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Final

from weighbridge.core.outcome import UNRECOGNISED, keep_word

# Names that say nothing: the proto3 zero value.
_UNSPECIFIED: Final = None

FINISH_REASONS: Final[Mapping[str, Mapping[int, str | None]]] = {
    "gemini": {
        0: _UNSPECIFIED,
        1: "STOP",
        2: "MAX_TOKENS",
        3: "SAFETY",
        4: "RECITATION",
        5: "OTHER",
        6: "LANGUAGE",
        7: "BLOCKLIST",
        8: "PROHIBITED_CONTENT",
        9: "SPII",
        10: "MALFORMED_FUNCTION_CALL",
        11: "IMAGE_SAFETY",
        12: "UNEXPECTED_TOOL_CALL",
        13: "TOO_MANY_TOOL_CALLS",
        14: "IMAGE_PROHIBITED_CONTENT",
        15: "IMAGE_OTHER",
        16: "NO_IMAGE",
        17: "IMAGE_RECITATION",
    },
    "vertex": {
        0: _UNSPECIFIED,
        1: "STOP",
        2: "MAX_TOKENS",
        3: "SAFETY",
        4: "RECITATION",
        5: "OTHER",
        6: "BLOCKLIST",
        7: "PROHIBITED_CONTENT",
        8: "SPII",
        9: "MALFORMED_FUNCTION_CALL",
        10: "MODEL_ARMOR",
    },
}
BLOCK_REASONS: Final[Mapping[str, Mapping[int, str | None]]] = {
    "gemini": {
        0: _UNSPECIFIED,
        1: "SAFETY",
        2: "OTHER",
        3: "BLOCKLIST",
        4: "PROHIBITED_CONTENT",
        5: "IMAGE_SAFETY",
    },
    "vertex": {
        0: _UNSPECIFIED,
        1: "SAFETY",
        2: "OTHER",
        3: "BLOCKLIST",
        4: "PROHIBITED_CONTENT",
        5: "MODEL_ARMOR",
        6: "JAILBREAK",
    },
}

_KNOWN_WORDS: Final = frozenset(
    name
    for reasons in (FINISH_REASONS, BLOCK_REASONS)
    for names in reasons.values()
    for name in names.values()
)

# What a details list counts, as the ledger's kinds. Anything else counts as text (M6).
MODALITIES: Final[Mapping[object, str]] = {
    2: "image",
    3: "video",
    4: "audio",
    5: "document",
    "IMAGE": "image",
    "VIDEO": "video",
    "AUDIO": "audio",
    "DOCUMENT": "document",
}

# `serviceTier` (Developer API, lower case) and `trafficType` (Vertex). Off-peak is pay-as-you-go
# without a published rate of its own, so it is recorded as standard.
SERVICE_TIERS: Final[Mapping[object, str]] = {
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
    "batch": "batch",
    "default": "standard",
    "on_demand": "standard",
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "on_demand_offpeak": "standard",
    "provisioned_throughput": "provisioned",
}
TRAFFIC_TYPES: Final[Mapping[int, str]] = {
    1: "standard",
    2: "provisioned",
    3: "priority",
    4: "flex",
}


def enum_name(value: object, names: Mapping[int, str | None]) -> str | None:
    """An enum's value as its name: kept if it is a code, looked up if it is a number.

    Gives: None where nothing was said, `UNRECOGNISED` for what is no code.
    """
    if value is None:
        return None
    if type(value) is str:
        return value if value in _KNOWN_WORDS else keep_word(value)
    if type(value) is int:
        return names.get(value, UNRECOGNISED)
    return UNRECOGNISED


def service_tier(tier: object, traffic: object) -> str | None:
    """The tier as served, in the ledger's words, or None where neither field names one.

    Takes: `serviceTier` and `trafficType` as they came. The numbers of `serviceTier` are not
    published, so only its names count.
    """
    if type(tier) is str:
        named = SERVICE_TIERS.get(tier.lower())
        if named is not None:
            return named
    if type(traffic) is str:
        return SERVICE_TIERS.get(traffic.lower())
    if type(traffic) is int:
        return TRAFFIC_TYPES.get(traffic)
    return None
