"""How labels of several sources join in one identity, and how its row tells those too many.

Counterparts: `labels` has the rules that each source keeps by itself, `identity` those that come
before the body, `body_labels` the body's.
"""

from typing import Final

from msgspec.structs import replace

from weighbridge.attribution.identity import Identity
from weighbridge.attribution.labels import MAX_LABELS

MANY: Final = "(many)"  # what stands for the values of a folded key; no label can hold brackets


def merged(identity: Identity, body_labels: dict[str, str]) -> Identity:
    """The identity with the labels of the body, which beat those of header, prefix and token.

    Gives: at most 64 labels. All of the body's stay; of the others the token's are the first to
    go, the header's the last. Nothing is refused for it: each source kept the rule by itself.
    """
    if not body_labels:
        return identity
    others = {key: value for key, value in identity.labels.items() if key not in body_labels}
    return replace(identity, labels={**last_labels(others, len(body_labels)), **body_labels})


def folded(identity: Identity, keys: frozenset[str]) -> Identity:
    """The identity as it is booked: the labels of these keys all have the value `(many)`.

    For rows only; what is sent to a provider keeps its values.
    """
    if not keys or keys.isdisjoint(identity.labels):
        return identity
    labels = {key: MANY if key in keys else value for key, value in identity.labels.items()}
    return replace(identity, labels=labels)


def last_labels(labels: dict[str, str], taken: int) -> dict[str, str]:
    """Those that fit where `taken` labels stand already; later ones, which rank higher, first."""
    room = max(MAX_LABELS - taken, 0)
    return labels if len(labels) <= room else dict(list(labels.items())[len(labels) - room :])
