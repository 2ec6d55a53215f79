"""Things that outlive a call as rows of SQLite: their layout, the statements, their values.

Hides the columns. Names are kept as SHA-256 only (an upload id is a capability). Rules for
future edits: values reach SQL as parameters only; a released migration never changes, a new one
is appended. Counterpart: `resources` runs the statements.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from weighbridge.attribution.identity import Identity
from weighbridge.core.ids import uuid7
from weighbridge.core.resource import ResourceKind
from weighbridge.core.usage import Usage

DAY_US: Final = 86_400 * 1_000_000
# An upload's URL is good for a week; results of batches can be read for days, and are asked for
# again long after; what is past asking is forgotten.
KEPT_DAYS: Final[dict[ResourceKind, int]] = {
    ResourceKind.UPLOAD: 8,
    ResourceKind.BATCH: 90,
    ResourceKind.BATCH_RESULTS: 90,
    ResourceKind.CACHE: 90,
    ResourceKind.OPERATION: 30,
    ResourceKind.INTERACTION: 90,
}
# An explicit cache whose lifetime nobody named lives for an hour.
# Source: Gemini API, context caching ("defaults to 1 hour"), from memory.
CACHE_TTL_US: Final = 3600 * 1_000_000
_EXPIRY: Final = f"coalesce(expires_at_us, created_at_us + {CACHE_TTL_US})"
_END: Final = f"min({_EXPIRY}, coalesce(ended_at_us, {_EXPIRY}))"
_COLUMNS: Final = (
    "key, kind, identity, called, usage, created_at_us, expires_at_us, ended_at_us, settled, "
    "accrued_to_us"
)
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE resources (
            key BLOB PRIMARY KEY,
            kind TEXT NOT NULL,
            parent BLOB,
            identity BLOB NOT NULL,
            called BLOB NOT NULL,
            usage BLOB,
            created_at_us INTEGER NOT NULL,
            clock_us INTEGER NOT NULL,
            expires_at_us INTEGER,
            ended_at_us INTEGER,
            settled INTEGER NOT NULL DEFAULT 0,
            accrued_to_us INTEGER
        ) WITHOUT ROWID""",
        "CREATE INDEX resources_by_age ON resources (kind, created_at_us)",
        "CREATE TABLE outbox (exchange_id TEXT PRIMARY KEY, line BLOB NOT NULL)",
        "CREATE TABLE beats (beat INTEGER NOT NULL)",
        "INSERT INTO beats VALUES (0)",
    ),
)
PARENTS: Final = {kind: kind for kind in ResourceKind} | {
    ResourceKind.BATCH_RESULTS: ResourceKind.BATCH
}
CHANGED: Final = """
    UPDATE resources
    SET expires_at_us = coalesce(? + clock_us, expires_at_us), usage = coalesce(?, usage)
    WHERE key = ?
"""
ENDED: Final = "UPDATE resources SET ended_at_us = coalesce(ended_at_us, ?) WHERE key = ?"
# What still has to be booked of it goes on under another key.
SET_ASIDE: Final = f"""
    UPDATE OR IGNORE resources SET key = ?
    WHERE key = ? AND (settled OR ended_at_us IS NOT NULL OR kind = 'cache' AND {_EXPIRY} <= ?)
"""  # noqa: S608 - a constant
HAS: Final = "SELECT 1 FROM resources WHERE key = ?"
# An upload's id is handed out at a start and nowhere else: the last start counts.
BEGIN: Final = """
    INSERT INTO resources
        (key, kind, parent, identity, called, usage, created_at_us, clock_us, expires_at_us)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        identity = iif(kind = 'upload', excluded.identity, identity),
        called = iif(kind = 'upload', excluded.called, called),
        created_at_us = iif(kind = 'upload', excluded.created_at_us, created_at_us),
        parent = coalesce(parent, excluded.parent),
        usage = coalesce(usage, excluded.usage),
        expires_at_us = coalesce(expires_at_us, excluded.expires_at_us)
"""
FIND: Final = f"""
    SELECT {_COLUMNS} FROM resources WHERE key =
        coalesce((SELECT parent FROM resources WHERE key = ?1), ?1)
"""  # noqa: S608 - a constant
OPEN_CACHES: Final = f"""
    SELECT {_COLUMNS} FROM resources
    WHERE kind = 'cache' AND coalesce(accrued_to_us, created_at_us) < {_END}
    ORDER BY created_at_us
"""  # noqa: S608 - a constant
POST: Final = "INSERT OR IGNORE INTO outbox VALUES (?, ?)"
PRUNE: Final = f"""
    DELETE FROM resources WHERE key IN (
        SELECT key FROM resources WHERE kind = ?1 AND created_at_us < ?2
            AND (kind <> 'cache' OR coalesce(accrued_to_us, created_at_us) >= {_END})
        LIMIT ?3)
"""  # noqa: S608 - a constant


class Called(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The call that created a resource, as its later rows say it."""

    provider: str | None = None
    surface: str | None = None
    operation: str | None = None
    location: str | None = None
    cloud_project: str | None = None
    model: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A resource. Times in microseconds since the epoch, by our clock.

    `expires_at_us` is the provider's word, `ended_at_us` when its deletion was seen.
    """

    key: bytes
    kind: ResourceKind
    identity: Identity
    called: Called
    usage: Usage | None
    created_at_us: int
    expires_at_us: int | None
    ended_at_us: int | None
    settled: bool
    accrued_to_us: int | None


class DueRow(msgspec.Struct, frozen=True):
    """A row for the ledger: its exchange id, and its line of the journal."""

    exchange_id: str
    line: bytes


def key_of(kind: ResourceKind, name: str | bytes) -> bytes:
    """What a resource is found by: a hash of its kind and name."""
    raw = name.encode("utf-8", "surrogatepass") if isinstance(name, str) else name
    return sha256(kind.encode() + b"\0" + raw).digest()


def row_id(key: bytes, at_us: int) -> str:
    """The exchange id of what is booked for a resource and an instant: always the same one.

    Gives: a UUID v7 of that instant, its random part a hash, so that a row made twice is one.
    """
    digest = sha256(b"%b%d" % (key, at_us)).digest()
    return uuid7(max(0, at_us // 1000), int.from_bytes(digest[:10], "big"))


def record_of(row: Sequence[Any]) -> Record:
    """The resource of a row of `FIND` or `OPEN_CACHES`."""
    key, kind, identity, called, usage, *times = row
    created, expires, ended, settled, accrued = times
    return Record(
        key=key,
        kind=ResourceKind(kind),
        identity=msgspec.json.decode(identity, type=Identity),
        called=msgspec.json.decode(called, type=Called),
        usage=msgspec.json.decode(usage, type=Usage) if usage else None,
        created_at_us=created,
        expires_at_us=expires,
        ended_at_us=ended,
        settled=bool(settled),
        accrued_to_us=accrued,
    )


def usage_json(usage: Usage | None) -> bytes | None:
    """What is reported of a usage, as JSON."""
    if usage is None:
        return None
    told = msgspec.structs.asdict(usage).items()
    kept = {name: value for name, value in told if value is not None and value is not False}
    return msgspec.json.encode(kept)
