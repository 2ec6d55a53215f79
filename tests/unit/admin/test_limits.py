"""Bodies are bounded before anything reads them."""

from collections.abc import AsyncIterator

import httpx

from weighbridge.admin.limits import LONGEST_BODY


async def test_a_body_up_to_the_bound_is_read(local: httpx.AsyncClient) -> None:
    """It may still be nonsense, but that is another answer."""
    answer = await local.post("/api/v1/query", content=b" " * (LONGEST_BODY - 2) + b"{}")
    assert answer.status_code == 422 or answer.is_success


async def test_a_longer_one_is_refused_announced_or_not(remote: httpx.AsyncClient) -> None:
    """P7: also for callers without a key, and without taking it all into memory."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield b" " * 65_536

    announced = await remote.post("/api/v1/query", content=b" " * (LONGEST_BODY + 1))
    streamed = await remote.post("/api/v1/query", content=endless())
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.json()["code"] == "BODY_TOO_LONG"
    assert taken <= 2 * LONGEST_BODY
