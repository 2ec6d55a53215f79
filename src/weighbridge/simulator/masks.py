"""Partial answers: `fields=` and `X-Goog-FieldMask` hide what they do not name.

The grammar is that of Google's system parameter: `a,b/c,d(e,f),*`; a mask header writes
`a.b` instead of `a/b`.
"""

from typing import Any

Mask = dict[str, "Mask"]


def parse_mask(text: str) -> Mask:
    """The tree of a mask; an empty tree keeps everything below it."""
    mask, _ = _level(text.replace(".", "/").replace(" ", ""), 0)
    return mask


def apply_mask(value: Any, mask: Mask) -> Any:
    """What the mask leaves of a document; lists are entered without being named."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [apply_mask(each, mask) for each in value]
    if isinstance(value, dict):
        return {key: apply_mask(value[key], mask[key]) for key in value if key in mask}
    return value


def _level(text: str, at: int) -> tuple[Mask, int]:
    mask: Mask = {}
    here, name = mask, ""
    while at <= len(text):
        char = text[at] if at < len(text) else ")"
        if char not in "/(,)":
            name += char
        else:
            if name:
                inner = here.setdefault(name, {})
                name = ""
                if char == "/":
                    here = inner
                elif char == "(":
                    below, at = _level(text, at + 1)
                    inner.update(below)
            if char == ",":
                here = mask
            elif char == ")":
                return mask, at
        at += 1
    return mask, at
