"""What an exchange begins at the provider and later exchanges go on with.

An upload, a batch and the file with its results, an explicit cache, a video operation, an
interaction in the background: each is created by one call, which says whose it is, and read,
changed or ended by calls that may say nothing of it. Rules for future edits: names are the
provider's resource names and are stored as hashes only; facts are numbers and codes, never
content. Counterpart: `providers/` tells of them in a `Reading`, `ledger/resources` keeps them.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from weighbridge.core.usage import Usage


class ResourceKind(StrEnum):
    """What kind of thing goes on after its call."""

    UPLOAD = "upload"  # by upload id
    BATCH = "batch"
    BATCH_RESULTS = "batch_results"  # the file that a batch's answers are in
    CACHE = "cache"
    OPERATION = "operation"  # video and other long-running generation
    INTERACTION = "interaction"


class ResourceChange(StrEnum):
    """What a call did to it."""

    CREATED = "created"
    UPDATED = "updated"  # also: seen again, with what is known now
    DELETED = "deleted"


class ResourceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """That a call created, changed or ended a resource.

    `usage` holds what its price depends on later: a cache's tokens as `input_tokens`. What only
    the request says (the seconds of video asked for) is not in it: whoever keeps the event adds
    `Asked.usage` of the same call. `parent` names the resource that it belongs to: a results
    file's batch. Times are microseconds since the epoch, None where not told.
    """

    kind: ResourceKind
    name: str
    change: ResourceChange
    model: str | None = None
    parent: str | None = None
    created_at_us: int | None = None
    expires_at_us: int | None = None
    usage: Usage | None = None


class UsagePart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a resource consumed that is priced alike.

    Prompts of a batch are summed within one side of every price cliff; `usage.cliff_tokens` says
    on which side. A finished video operation says how many `videos` came of it, not how long
    they are: `settled_usage` puts together what was asked and what came.
    """

    usage: Usage
    model_version: str | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a resource came to, read from its results by whoever read them first.

    Booked once, as a row of its own, to the attribution of the call that created it.
    """

    kind: ResourceKind
    name: str
    parts: tuple[UsagePart, ...]
    complete: bool = True
    service_tier: str | None = None
    model: str | None = None


def settled_usage(asked: Usage | None, part: Usage) -> Usage:
    """Usage of a settled part, given what its creation asked for.

    Gives: the part itself where it says all there is to say. Where it counts videos, the seconds
    that each of them was asked to have; None of them where nothing was asked that is known.
    Example: two of three videos of 8 seconds each came: 16 seconds.
    """
    if part.videos is None or part.video_seconds is not None:
        return part
    settled = msgspec.structs.replace(part)
    if part.videos == 0:
        settled.video_seconds = Decimal(0)
    elif asked is not None and asked.video_seconds is not None and asked.videos:
        settled.video_seconds = asked.video_seconds * part.videos / asked.videos
        settled.video_kind = part.video_kind or asked.video_kind
    return settled
