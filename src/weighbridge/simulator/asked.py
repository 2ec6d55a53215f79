"""What a generateContent body asks for, read as leniently as Google reads JSON.

Both spellings of a field (camelCase and snake_case) are taken, as protobuf's JSON does. A body
that Google would refuse gives a `Problem`.
"""

from typing import Any

import msgspec

from weighbridge.simulator.labels import labels_problem
from weighbridge.simulator.lenient import decode
from weighbridge.simulator.messages import Document
from weighbridge.simulator.problems import INVALID_ROLE, Problem, invalid, unknown_field
from weighbridge.simulator.targets import Call

_ROLES = {"", "user", "model", "function", "tool", "system"}
_FIELDS = """
    contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent
    model serviceTier store continuationToken
"""
_DEVELOPER_FIELDS = frozenset(_FIELDS.split())
_VERTEX_FIELDS = _DEVELOPER_FIELDS | {"labels", "modelArmorConfig"}


class Asked(msgspec.Struct, kw_only=True):
    """A generateContent request as the generator needs it."""

    contents: list[Document]
    system: Any = None
    config: Document = {}
    tools: Document = {}
    functions: list[Document] = []
    function_mode: str = "AUTO"
    cached_content: str | None = None
    service_tier: str = "standard"


def camel(name: str) -> str:
    """The camelCase spelling of a field name."""
    head, *tail = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in tail)


def parse_json(body: bytes) -> Document | Problem:
    """The body as an object, or what Google says to one that is none."""
    try:
        document = decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return invalid("Invalid JSON payload received. Expected a value.\n\n^")
    if not isinstance(document, dict):
        return invalid('Invalid JSON payload received. Unknown name "": Root element must be '
                       "a message.")  # fmt: skip
    return {camel(key): value for key, value in document.items()}


def parse_asked(document: Document, call: Call) -> Asked | Problem:
    """The request, or the first thing that is wrong with it."""
    allowed = _VERTEX_FIELDS if call.vertex else _DEVELOPER_FIELDS
    for name in document:
        if name not in allowed:
            return unknown_field(name)
    contents = document.get("contents")
    contents = [contents] if isinstance(contents, dict) else contents
    if not isinstance(contents, list) or not contents:
        return invalid(
            "* GenerateContentRequest.contents: contents is not specified\n",
            field="contents",
        )
    if any(not isinstance(each, dict) or _role(each) not in _ROLES for each in contents):
        return INVALID_ROLE
    config = _camel_keys(document.get("generationConfig"))
    problem = _config_problem(config) or labels_problem(document.get("labels"))
    return problem or _asked(document, contents, config)


def _asked(document: Document, contents: list[Document], config: Document) -> Asked:
    tools: Document = {}
    functions: list[Document] = []
    for tool in _listed(document.get("tools")):
        given = _camel_keys(tool)
        functions += _listed(given.pop("functionDeclarations", None))
        tools |= given
    choice = _camel_keys(_camel_keys(document.get("toolConfig")).get("functionCallingConfig"))
    return Asked(
        contents=contents,
        system=document.get("systemInstruction"),
        config=config,
        tools=tools,
        functions=[_camel_keys(each) for each in functions],
        function_mode=str(choice.get("mode", "AUTO")).upper(),
        cached_content=document.get("cachedContent"),
        service_tier=str(document.get("serviceTier") or "standard").lower(),
    )


def _config_problem(config: Document) -> Problem | None:
    temperature = config.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 2:
        return invalid(
            f"Unable to submit request because it has a temperature value of {temperature:g} but "
            "the supported range is from 0 (inclusive) to 2.0001 (exclusive). Update the value "
            "and try again."
        )
    if isinstance(count := config.get("candidateCount"), int) and count > 1:
        return invalid("Multiple candidates is not enabled for this model")
    return None


def _role(content: Document) -> str:
    """The role of a content; Google's own guides write it in capitals too."""
    return str(content.get("role") or "").lower()


def _camel_keys(value: Any) -> Document:
    return {camel(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []
