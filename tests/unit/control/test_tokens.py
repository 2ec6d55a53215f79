"""Tracking tokens: made once, shown once, stored as a hash."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tokens import TokenService
from weighbridge.core.credential import Billing, NewToken
from weighbridge.core.ids import secret_hash
from weighbridge.errors import ClientError, ConflictError, NotFoundError

_NOW_US = 1_780_000_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def tokens(database: Database) -> TokenService:
    return TokenService(database, Mint(now_us=lambda: _NOW_US))


def test_a_secret_is_given_once_and_stored_as_its_hash(
    tokens: TokenService, tmp_path: Path
) -> None:
    """P1: nothing in the database's files holds the secret."""
    token, secret = tokens.create(NewToken(name="n", department="d", labels={"env": "prod"}))
    assert secret.startswith("trk_")
    assert len(secret) == 4 + 32
    assert token.sha256 == secret_hash(secret)
    assert token.hint == secret[-4:]
    assert tokens.all() == [token]
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secret.encode() not in stored


def test_newest_first(tokens: TokenService) -> None:
    """A list begins with what was made last."""
    first, _ = tokens.create(NewToken(name="a"))
    later = TokenService(tokens._database, Mint(now_us=lambda: _NOW_US + 1_000_000))
    second, _ = later.create(NewToken(name="b"))
    assert [token.id for token in tokens.all()] == [second.id, first.id]


def test_all_problems_at_once(tokens: TokenService) -> None:
    """Every field that is wrong is told in one answer."""
    with pytest.raises(ClientError) as caught:
        tokens.create(
            NewToken(
                name=" ",
                department="x" * 129,
                agent="a\nb",
                labels={"Env": "x"},
                expires_at_us=_NOW_US,
            )
        )
    where = [problem.where for problem in caught.value.problems]
    assert where == ["name", "department", "agent", "labels", "expires"]


def test_revoking_is_for_good_and_repeatable(tokens: TokenService) -> None:
    """The first revocation's instant stays."""
    token, _ = tokens.create(NewToken(name="n"))
    revoked = tokens.revoke(token.id)
    assert revoked.revoked_at_us == _NOW_US
    assert tokens.revoke(token.id) == revoked


def test_an_unknown_id_is_told(tokens: TokenService) -> None:
    """Neither showing nor revoking invents a token."""
    with pytest.raises(NotFoundError, match="tok_x"):
        tokens.revoke("tok_x")
    with pytest.raises(NotFoundError, match="tok_x"):
        tokens.get("tok_x")
    with pytest.raises(NotFoundError, match="tok_x"):
        tokens.update("tok_x", {"name": "n"})


def test_the_policy_grows_with_every_change(tokens: TokenService) -> None:
    """Each creation and revocation is a new version; revoked tokens stay in it, marked."""
    version, records = tokens.policy()
    assert (version, records) == (1, [])
    token, secret = tokens.create(NewToken(name="n", project="p", expires_at_us=_NOW_US + 1))
    version, (record,) = tokens.policy()
    assert version == 2
    assert (record.token_id, record.sha256) == (token.id, secret_hash(secret))
    assert (record.project, record.expires_at_us, record.revoked) == ("p", _NOW_US + 1, False)
    tokens.revoke(token.id)
    version, (record,) = tokens.policy()
    assert (version, record.revoked) == (3, True)


def test_the_database_file_is_for_its_owner_alone(database: Database, tmp_path: Path) -> None:
    """Hashes and names are nobody else's business."""
    assert (tmp_path / "control.sqlite3").stat().st_mode & 0o077 == 0


def test_two_tokens_never_share_a_secret(tokens: TokenService, tmp_path: Path) -> None:
    """The table itself refuses a second row with the same hash."""
    same = TokenService(tokens._database, Mint(entropy=bytes))
    same.create(NewToken(name="a"))
    with pytest.raises(Exception, match="UNIQUE"):
        same.create(NewToken(name="b"))
    connection = sqlite3.connect(tmp_path / "control.sqlite3")
    assert connection.execute("select count(*) from tokens").fetchone() == (1,)
    connection.close()


def test_a_change_touches_what_it_names_and_nothing_else(tokens: TokenService) -> None:
    """The secret, the id and all other values stay; the policy tells workers."""
    made, secret = tokens.create(NewToken(name="n", department="d", agent="a", labels={"k": "v"}))
    changes = {"department": None, "project": "p", "labels": {}, "billing": Billing.FREE}
    changed = tokens.update(made.id, changes)
    assert (changed.name, changed.agent, changed.sha256) == ("n", "a", secret_hash(secret))
    assert (changed.department, changed.project, changed.labels) == (None, "p", {})
    assert (changed.billing, changed.updated_at_us) == ("free", _NOW_US)
    assert tokens.get(made.id) == changed
    version, (record,) = tokens.policy()
    assert version == 3
    assert (record.project, record.free_tier) == ("p", True)


def test_a_change_to_the_same_is_none(tokens: TokenService) -> None:
    """When a token was changed says when it last became another."""
    made, _ = tokens.create(NewToken(name="n", department="d", required=["agent"]))
    same = tokens.update(made.id, {"name": "n", "required": ["agent", "agent"]})
    assert same == made
    assert same.updated_at_us is None


def test_a_tokens_rules_reach_the_workers(tokens: TokenService) -> None:
    """What a token requires, allows and pins stands in the policy."""
    rules = {"required": ["project"], "allowed": {"department": ["d", "e"]}, "pinned": ["agent"]}
    tokens.create(NewToken(name="n", department="d", agent="a", **rules))
    _, (record,) = tokens.policy()
    assert {name: getattr(record, name) for name in rules} == rules


def test_rules_that_cannot_hold_are_told(tokens: TokenService) -> None:
    """Unknown dimensions, empty lists, a default beside its own list, a pin on nothing."""
    with pytest.raises(ClientError) as caught:
        tokens.create(
            NewToken(
                name="n",
                department="d",
                required=["team"],
                allowed={"department": ["e"], "agent": [], "shoe": ["x"]},
                pinned=["project"],
            )
        )
    told = [str(problem) for problem in caught.value.problems]
    assert [line.partition(":")[0] for line in told] == [
        "required", "allowed", "allowed", "allowed", "pinned",
    ]  # fmt: skip
    assert "'team'" in told[0]
    assert "'d'" in told[2]


def test_a_change_is_checked_as_the_whole_that_it_makes(tokens: TokenService) -> None:
    """Taking away what is pinned is refused, and nothing of the request is stored."""
    made, _ = tokens.create(NewToken(name="n", department="d", pinned=["department"]))
    with pytest.raises(ClientError) as caught:
        tokens.update(made.id, {"department": None, "name": "m"})
    assert [problem.where for problem in caught.value.problems] == ["pinned"]
    assert tokens.get(made.id) == made
    assert tokens.policy()[0] == 2


def test_an_expired_token_may_be_renamed_and_renewed(tokens: TokenService) -> None:
    """An expiry that has passed is no problem of a change that leaves it alone."""
    made, _ = tokens.create(NewToken(name="n", expires_at_us=_NOW_US + 1))
    later = TokenService(tokens._database, Mint(now_us=lambda: _NOW_US + 5))
    assert later.update(made.id, {"name": "m"}).name == "m"
    with pytest.raises(ClientError, match="cannot be changed"):
        later.update(made.id, {"expires_at_us": _NOW_US + 4})
    assert later.update(made.id, {"expires_at_us": None}).expires_at_us is None


def test_what_is_revoked_stays_as_it_was(tokens: TokenService) -> None:
    """A revoked token can't be changed into another."""
    made, _ = tokens.create(NewToken(name="n"))
    revoked = tokens.revoke(made.id)
    with pytest.raises(ConflictError, match=made.id):
        tokens.update(made.id, {"name": "m"})
    assert tokens.get(made.id) == revoked
