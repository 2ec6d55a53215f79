"""What answers say of explicit caches."""

import json
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage

CACHE = {
    "name": "cachedContents/c1",
    "model": "models/gemini-2.5-flash",
    "displayName": "CANARY",
    "createTime": "2026-07-21T16:05:49.689379878Z",
    "updateTime": "2026-07-21T16:05:49.689379878Z",
    "expireTime": "2026-07-21T17:05:49.500Z",
    "usageMetadata": {"totalTokenCount": 4096},
}
CREATED_US, EXPIRES_US = 1784649949689379, 1784653549500000


def _event(change: ResourceChange, **facts: Any) -> ResourceEvent:
    known: dict[str, Any] = {
        "name": "cachedContents/c1",
        "model": "gemini-2.5-flash",
        "created_at_us": CREATED_US,
        "expires_at_us": EXPIRES_US,
        "usage": Usage(input_tokens=4096),
    }
    return ResourceEvent(kind=ResourceKind.CACHE, change=change, **(known | facts))


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_created_cache_is_billed_and_told(size: int) -> None:
    """Its tokens are input once; then it costs by the hour (M11)."""
    reading = read(route_of("createCachedContent"), json.dumps(CACHE).encode(), size=size)
    assert reading.usage == Usage(input_tokens=4096, total_tokens=4096)
    assert reading.usage_source is UsageSource.FINAL
    assert reading.model_version == "gemini-2.5-flash"
    assert reading.events == (_event(ResourceChange.CREATED),)
    assert "CANARY" not in repr(reading)


@pytest.mark.parametrize("operation", ["getCachedContent", "updateCachedContent"])
def test_a_cache_that_is_seen_again_is_told_with_its_end(operation: str) -> None:
    """Its end may have been moved; what was billed at creation is not billed again."""
    reading = read(route_of(operation), json.dumps(CACHE).encode())
    assert reading.usage == Usage()
    assert reading.usage_source is UsageSource.NONE
    assert reading.events == (_event(ResourceChange.UPDATED),)


def test_every_cache_of_a_list_is_told() -> None:
    """Each by itself, whatever it leaves out."""
    other = {"name": "projects/123/locations/eu/cachedContents/2", "model": "gemini-2.5-pro"}
    body = json.dumps({"cachedContents": [CACHE, {}, other], "nextPageToken": "x"}).encode()
    reading = read(route_of("listCachedContents"), body, size=11)
    assert reading.events == (
        _event(ResourceChange.UPDATED),
        ResourceEvent(
            kind=ResourceKind.CACHE,
            name="locations/eu/cachedContents/2",
            change=ResourceChange.UPDATED,
            model="gemini-2.5-pro",
        ),
    )


def test_a_deleted_cache_is_told_by_its_path() -> None:
    """The answer is empty."""
    route = route_of("deleteCachedContent", resource="cachedContents/c1")
    expected = ResourceEvent(
        kind=ResourceKind.CACHE, name="cachedContents/c1", change=ResourceChange.DELETED
    )
    assert read(route, b"{}\n").events == (expected,)
    assert read(route, b"").events == (expected,)
    failed = read(route, b'{"error":{"code":404,"status":"NOT_FOUND"}}', status=404)
    assert (failed.events, failed.error_type) == ((), "NOT_FOUND")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"name":7}', b'{"name":"what is love?"}', b"<html>", b"[[]]"]
)
@pytest.mark.parametrize(
    "operation", ["createCachedContent", "getCachedContent", "listCachedContents"]
)
def test_what_names_no_cache_tells_nothing(operation: str, body: bytes) -> None:
    """P1: a name is a name, or nothing."""
    assert read(route_of(operation), body).events == ()


def test_a_cut_answer_tells_what_it_told() -> None:
    """The cache is there, whoever heard of it to the end."""
    body = json.dumps(CACHE).encode()[:-1]
    reading = read(route_of("createCachedContent"), body, complete=False)
    assert reading.usage_source is UsageSource.PARTIAL
    assert reading.events == (_event(ResourceChange.CREATED),)
