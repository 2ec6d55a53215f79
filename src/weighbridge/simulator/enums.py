"""Enums as integers, as the `$alt=json;enum-encoding=int` of Google's old SDK asks for.

Source: google-ai-generativelanguage 0.12.1 and aiplatform's proto numbers; checked against the
recorded replies with integer enums (STOP 1, TEXT 1, ON_DEMAND 1).
"""

from typing import Any

_NAMES = {
    "finishReason": """
        FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS SAFETY RECITATION OTHER LANGUAGE BLOCKLIST
        PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL IMAGE_SAFETY UNEXPECTED_TOOL_CALL
    """,
    "modality": "MODALITY_UNSPECIFIED TEXT IMAGE VIDEO AUDIO DOCUMENT",
    "blockReason": """
        BLOCK_REASON_UNSPECIFIED SAFETY OTHER BLOCKLIST PROHIBITED_CONTENT IMAGE_SAFETY
    """,
    "trafficType": "TRAFFIC_TYPE_UNSPECIFIED ON_DEMAND PROVISIONED_THROUGHPUT",
    "language": "LANGUAGE_UNSPECIFIED PYTHON",
    "outcome": "OUTCOME_UNSPECIFIED OUTCOME_OK OUTCOME_FAILED OUTCOME_DEADLINE_EXCEEDED",
    "state": "STATE_UNSPECIFIED PROCESSING ACTIVE",
}

NUMBERS: dict[str, dict[str, int]] = {
    key: {name: number for number, name in enumerate(names.split())}
    for key, names in _NAMES.items()
}


def with_integers(value: Any) -> Any:
    """The same document, with each known enum name replaced by its number."""
    if isinstance(value, dict):
        return {
            key: NUMBERS[key].get(inner, inner)
            if key in NUMBERS and isinstance(inner, str)
            else with_integers(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [with_integers(inner) for inner in value]
    return value
