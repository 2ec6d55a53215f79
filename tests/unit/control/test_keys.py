"""Admin keys: roles, hashes, revocation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge.control.database import Database
from weighbridge.control.keys import KeyService
from weighbridge.core.credential import Role
from weighbridge.errors import ClientError, NotFoundError


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyService]:
    database = Database.open(tmp_path)
    yield KeyService(database)
    database.close()


def test_a_key_is_found_by_its_whole_secret_alone(keys: KeyService) -> None:
    """P5: a prefix, another case or a hash is no key."""
    key, secret = keys.create("k", Role.EDITOR)
    assert keys.find(secret) == key
    assert keys.find(secret[:-1]) is None
    assert keys.find(secret.swapcase()) is None
    assert keys.find("") is None


def test_a_revoked_key_is_unknown(keys: KeyService) -> None:
    """It stays in the list, but opens nothing."""
    key, secret = keys.create("k", Role.ADMIN)
    keys.revoke(key.id)
    assert keys.find(secret) is None
    assert [each.id for each in keys.all()] == [key.id]
    with pytest.raises(NotFoundError, match="key_x"):
        keys.revoke("key_x")


def test_a_key_needs_a_name(keys: KeyService) -> None:
    """Blank or unprintable names are refused."""
    for name in ("", " ", "a\x00", "x" * 129):
        with pytest.raises(ClientError):
            keys.create(name, Role.VIEWER)


@pytest.mark.parametrize(
    ("role", "reaches"),
    [
        (Role.ADMIN, {Role.ADMIN, Role.EDITOR, Role.VIEWER}),
        (Role.EDITOR, {Role.EDITOR, Role.VIEWER}),
        (Role.VIEWER, {Role.VIEWER}),
    ],
)
def test_a_role_includes_those_below_it(role: Role, reaches: set[Role]) -> None:
    """Admin above editor above viewer."""
    assert {other for other in Role if role.includes(other)} == reaches
