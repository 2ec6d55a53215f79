"""Which names exist: paths through the settings' models, and the nearest to a wrong one."""

import types
import typing
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from weighbridge.config.model import Section, Settings

Path = tuple[str, ...]


def leaves(model: type[BaseModel] = Settings, above: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Every setting that holds a value: its path and its field; mappings are one leaf."""
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section is not None:
            yield from leaves(section, (*above, name))
        else:
            yield (*above, name), field


def field_at(path: Path) -> FieldInfo | None:
    """The field that a path names, also for an entry of a mapping (`gateway.upstreams.gemini`)."""
    found = LEAVES.get(path)
    if found is None and path[:-1] in LEAVES and is_mapping(LEAVES[path[:-1]]):
        return LEAVES[path[:-1]]
    return found


def is_section(path: Path) -> bool:
    """Whether settings stand below the path."""
    return any(leaf[: len(path)] == path and leaf != path for leaf in LEAVES)


def is_mapping(field: FieldInfo) -> bool:
    """Whether the field holds names that are no settings of their own."""
    return typing.get_origin(field.annotation) is dict


def is_list(field: FieldInfo) -> bool:
    """Whether the field holds a list, optional or not."""
    return any(typing.get_origin(kind) is list for kind in _alternatives(field.annotation))


def is_secret(field: FieldInfo) -> bool:
    """Whether what the field holds may be shown to nobody, not even where it is wrong."""
    kinds = _alternatives(field.annotation)
    bare = [typing.get_args(kind)[0] if _is_annotated(kind) else kind for kind in kinds]
    return SecretStr in bare


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words that a field takes, where it takes nothing else."""
    if typing.get_origin(field.annotation) is typing.Literal:
        return typing.get_args(field.annotation)
    return ()


def nearest(path: Path) -> str | None:
    """The setting whose name is closest to a path that names none, or None where all are far.

    Example: `gateway.max_concurrent` gives `gateway.max_concurrent_exchanges`; a right name
    under the wrong section gives it under the right one.
    """
    names = [".".join(leaf) for leaf in LEAVES]
    same_name = [name for name in names if name.rpartition(".")[2] == path[-1]]
    if same_name:
        return same_name[0]
    within = [name for name in names if name.rpartition(".")[0] == ".".join(path[:-1])]
    last = {name.rpartition(".")[2]: name for name in within}
    close = get_close_matches(path[-1], last, n=1, cutoff=0.5)
    if close:
        return last[close[0]]
    prefixed = [name for short, name in last.items() if short.startswith(path[-1])]
    if prefixed:
        return prefixed[0]
    close = get_close_matches(".".join(path), names, n=1, cutoff=0.6)
    return close[0] if close else None


def _section_of(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _is_annotated(kind: Any) -> bool:
    return typing.get_origin(kind) is typing.Annotated


def _alternatives(kind: Any) -> tuple[Any, ...]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return typing.get_args(kind)
    return (kind,)


LEAVES: dict[Path, FieldInfo] = dict(leaves())
