"""Rate limits as they are kept."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from weighbridge.budgets.rate_limit import (
    NewRateLimit,
    RateLimit,
    decode_rate_limits,
    encode_rate_limits,
)
from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.control.rate_limits import RateLimitService
from weighbridge.errors import NotFoundError

WANTED = NewRateLimit(name="n", scope={"department": ("care",)}, per="agent", requests_per_minute=9)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def service(database: Database) -> RateLimitService:
    return RateLimitService(database)


def test_a_limit_comes_back_as_it_was_asked_for(service: RateLimitService) -> None:
    """And travels to workers."""
    made = service.create(WANTED)
    assert made.limit == RateLimit(id=made.limit.id, **msgspec.structs.asdict(WANTED))
    assert made.limit.id.startswith("lim_")
    assert service.get(made.limit.id) == made
    assert service.all() == [made]
    assert decode_rate_limits(encode_rate_limits(service.policy())) == (made.limit,)


def test_a_change_and_its_end_are_in_the_log(database: Database, service: RateLimitService) -> None:
    """Field by field; what changes nothing leaves no trace."""
    limit_id = service.create(WANTED).limit.id
    changed = service.update(
        limit_id, lambda limit: msgspec.structs.replace(limit, tokens_per_minute=5)
    )
    service.update(limit_id, lambda limit: limit)
    service.remove(limit_id)
    assert changed.updated_at_us is not None
    assert service.all() == []
    entries = AuditLog(database).page(limit=9)
    actions = [entry.action for entry in entries]
    assert actions == ["rate_limit.remove", "rate_limit.update", "rate_limit.create"]
    assert entries[1].after == {"tokens_per_minute": 5}


def test_what_is_not_there_is_said(service: RateLimitService) -> None:
    """An unknown id, whatever is asked of it."""
    for ask in (
        lambda: service.get("lim_0"),
        lambda: service.remove("lim_0"),
        lambda: service.update("lim_0", lambda limit: limit),
    ):
        with pytest.raises(NotFoundError):
            ask()
