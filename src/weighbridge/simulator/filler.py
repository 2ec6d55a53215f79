"""A value for any JSON schema: arguments of function calls and structured answers.

Takes the schemas that Gemini takes: OpenAPI-like with upper-case types, and plain JSON schema
with `$ref` into `$defs`.
"""

import random
from typing import Any

from weighbridge.simulator.prose import phrase

_DEPTH_LIMIT = 8


def filled(schema: Any, roll: random.Random, root: Any = None, depth: int = 0) -> Any:
    """A value that the schema allows, all properties given; None where the schema says nothing.

    Recursive schemas end at a depth of eight.
    """
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > _DEPTH_LIMIT:
        return None
    if isinstance(reference := schema.get("$ref"), str):
        return filled(_resolved(reference, root), roll, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if isinstance(allowed := schema.get("enum"), list) and allowed:
        return roll.choice(allowed)
    for key in ("anyOf", "oneOf", "allOf", "any_of"):
        if isinstance(options := schema.get(key), list) and options:
            return filled(options[0], roll, root, depth + 1)
    return _of_type(schema, roll, root, depth)


def _of_type(schema: dict[str, Any], roll: random.Random, root: Any, depth: int) -> Any:
    kind = schema.get("type")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind or "object").lower()
    if kind == "object":
        properties = schema.get("properties") or {}
        return {key: filled(inner, roll, root, depth + 1) for key, inner in properties.items()}
    if kind == "array":
        count = max(int(schema.get("minItems") or schema.get("min_items") or 2), 1)
        return [filled(schema.get("items") or {}, roll, root, depth + 1) for _ in range(count)]
    if kind == "integer":
        return int(schema.get("minimum") or 0) + roll.randint(1, 40)
    if kind == "number":
        return int(schema.get("minimum") or 0) + roll.randint(1, 99) / 2
    if kind == "boolean":
        return roll.random() < 0.5
    return None if kind == "null" else phrase(roll, 2)


def _resolved(reference: str, root: Any) -> Any:
    found = root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found
