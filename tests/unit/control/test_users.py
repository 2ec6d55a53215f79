"""People: what is checked, what changes, and what is written down about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.control.keys import KeyService
from weighbridge.control.links import LIFETIME_US, LinkService
from weighbridge.control.passwords import Passwords
from weighbridge.control.secrets import Mint
from weighbridge.control.sessions import SessionService
from weighbridge.control.tokens import TokenService
from weighbridge.control.users import UserService
from weighbridge.core.credential import NewToken, Role
from weighbridge.core.principal import Principal
from weighbridge.core.user import NewUser
from weighbridge.errors import ClientError, ConflictError, NotFoundError

PASSWORD = "five wet lorries"
EVE = Principal(kind="user", id="usr_eve", name="Eve", role=Role.ADMIN)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(lambda n: bytes(range(n)), log2_n=4)


@pytest.fixture
def users(database: Database, passwords: Passwords) -> UserService:
    return UserService(database, passwords)


@pytest.fixture
def links(database: Database, passwords: Passwords) -> LinkService:
    return LinkService(database, passwords)


def test_one_name_is_one_person(users: UserService) -> None:
    """Neither case nor spaces around it make another."""
    ada = users.create(NewUser(name="Ada"))
    for name in ("Ada", " ada ", "ＡＤＡ"):
        with pytest.raises(ConflictError, match="signs in as"):
            users.create(NewUser(name=name))
    other = users.create(NewUser(name="Bob"))
    with pytest.raises(ConflictError):
        users.update(other.id, {"name": "ada"})
    assert users.get(ada.id).name == "Ada"


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        (NewUser(name=""), "name"),
        (NewUser(name="a\x07"), "name"),
        (NewUser(name="a", email="nowhere"), "email"),
        (NewUser(name="a", role=Role.EDITOR, scope={"project": ("p",)}), "scope"),
        (NewUser(name="a", scope={"agent": ("x",)}), "scope.agent"),
        (NewUser(name="a", scope={"project": ()}), "scope.project"),
        (NewUser(name="a", scope={"project": ("(none)",)}), "scope.project"),
    ],
)
def test_what_is_wrong_with_a_person_is_told(
    users: UserService, wanted: NewUser, where: str
) -> None:
    """A scope that would see everything, or nothing by mistake, is refused."""
    with pytest.raises(ClientError) as told:
        users.create(wanted)
    assert [problem.where for problem in told.value.problems] == [where]


def test_a_bound_viewer_cannot_become_more_without_losing_the_bounds(users: UserService) -> None:
    """An editor who is bound would be a promise that nothing keeps."""
    vi = users.create(NewUser(name="vi", scope={"department": ("care",)}))
    with pytest.raises(ClientError):
        users.update(vi.id, {"role": Role.EDITOR})
    assert users.update(vi.id, {"role": Role.EDITOR, "scope": {}}).role is Role.EDITOR


def test_disabling_ends_everything(
    users: UserService, links: LinkService, database: Database
) -> None:
    """Sessions, links and the password; enabling brings back the password alone."""
    sessions = SessionService(database, idle_h=1, lifetime_h=1)
    ada = users.create(NewUser(name="Ada"))
    links.accept(links.make(ada.id)[1], PASSWORD)
    session, link = sessions.begin(ada.id, ""), links.make(ada.id)[1]
    users.update(ada.id, {"disabled": True})
    assert users.check("ada", PASSWORD) is None
    with pytest.raises(ConflictError, match="enable"):
        links.make(ada.id)
    users.update(ada.id, {"disabled": False})
    assert sessions.find(session) is None
    assert links.find(link) is None
    assert users.check("ada", PASSWORD) is not None


def test_nobody_disables_themselves(users: UserService) -> None:
    """The last administrator cannot lock the door from inside."""
    ada = users.create(NewUser(name="Ada", role=Role.ADMIN))
    own = Principal(kind="user", id=ada.id, name="Ada", role=Role.ADMIN)
    with pytest.raises(ClientError):
        users.update(ada.id, {"disabled": True}, own)


def test_a_link_runs_out(database: Database, passwords: Passwords, users: UserService) -> None:
    """What lies in a mailbox for a week opens nothing."""
    now = [1_000_000]
    links = LinkService(database, passwords, Mint(now_us=lambda: now[0]))
    secret = links.make(users.create(NewUser(name="Ada")).id)[1]
    now[0] += LIFETIME_US - 1
    assert links.find(secret) is not None
    now[0] += 1
    assert links.find(secret) is None
    with pytest.raises(NotFoundError):
        links.accept(secret, PASSWORD)


def test_the_first_link_is_for_nobody_yet(
    database: Database, users: UserService, links: LinkService
) -> None:
    """A newer one ends it, and so does anybody's arrival; with a key there is none."""
    first, second = links.make_first(), links.make_first()
    assert first is not None
    assert second is not None
    assert links.find(first[1]) is None
    assert links.find(second[1]) is not None
    users.create(NewUser(name="Ada"))
    assert links.find(second[1]) is None
    assert links.make_first() is None


def test_who_used_the_first_link_is_in_the_log(database: Database, links: LinkService) -> None:
    """Once, by its id: whoever comes later can tell how this person came to be there."""
    made = links.make_first()
    assert made is not None
    link, secret = made
    ada = links.accept(secret, PASSWORD, "Ada")
    second, another = links.make(ada.id)
    links.accept(another, PASSWORD)
    entries = AuditLog(database).page(limit=10, subject=ada.id)
    assert [entry.after for entry in entries if entry.action == "setup_link.use"] == [
        {"name": "Ada", "link": link.id}
    ]
    assert second.id not in str(entries)
    assert not [entry for entry in entries if secret in str(entry)]


def test_a_key_is_administration_enough(database: Database, links: LinkService) -> None:
    """Who has made a key knows the command line."""
    KeyService(database).create("k", Role.ADMIN)
    assert links.make_first() is None


def test_every_change_is_written_down_with_who_made_it(
    database: Database, users: UserService, links: LinkService
) -> None:
    """The fields that differ, before and after; nothing for what changes nothing."""
    user = users.create(NewUser(name="Ada"), EVE)
    users.update(user.id, {"role": Role.EDITOR, "name": "Ada"}, EVE)
    users.update(user.id, {"role": Role.EDITOR}, EVE)
    links.make(user.id, EVE)
    tokens, keys = TokenService(database), KeyService(database)
    token, _ = tokens.create(NewToken(name="t", department="care"), EVE)
    tokens.update(token.id, {"department": "risk"}, EVE)
    tokens.revoke(token.id, EVE)
    tokens.revoke(token.id, EVE)
    key, _ = keys.create("k", Role.VIEWER, EVE)
    keys.revoke(key.id, EVE)
    entries = AuditLog(database).page(limit=20)
    assert {entry.actor_id for entry in entries} == {"usr_eve"}
    assert [entry.action for entry in reversed(entries)] == [
        *("user.create", "user.update", "user.link", "token.create", "token.update"),
        *("token.revoke", "key.create", "key.revoke"),
    ]
    changed = next(entry for entry in entries if entry.action == "user.update")
    assert (changed.before, changed.after) == ({"role": "viewer"}, {"role": "editor"})
    moved = next(entry for entry in entries if entry.action == "token.update")
    assert (moved.before, moved.after) == ({"department": "care"}, {"department": "risk"})


def test_no_entry_holds_a_secret(
    database: Database, users: UserService, links: LinkService
) -> None:
    """Neither what was handed out, nor its hash, nor a password."""
    ada = users.create(NewUser(name="Ada"))
    link = links.make(ada.id)[1]
    links.accept(link, PASSWORD)
    token, secret = TokenService(database).create(NewToken(name="t"))
    text = repr(AuditLog(database).page(limit=20))
    for hidden in (link, secret, token.sha256, PASSWORD, "scrypt"):
        assert hidden not in text


def test_entries_come_in_pages(database: Database, users: UserService) -> None:
    """Newest first, and by subject."""
    made = [users.create(NewUser(name=str(number))) for number in range(5)]
    log = AuditLog(database)
    first = log.page(limit=2)
    rest = log.page(limit=9, before_id=first[-1].id)
    assert [entry.subject for entry in first + rest] == [user.id for user in reversed(made)]
    assert [entry.subject for entry in log.page(limit=9, subject=made[2].id)] == [made[2].id]


def test_a_password_is_changed_by_whoever_knows_it(
    database: Database, users: UserService, links: LinkService
) -> None:
    """The session that asks goes on; every other one and every open link ends."""
    sessions = SessionService(database, idle_h=1, lifetime_h=2)
    ada = users.create(NewUser(name="Ada"))
    links.accept(links.make(ada.id)[1], PASSWORD)
    here, elsewhere = sessions.begin(ada.id, ""), sessions.begin(ada.id, "")
    open_link = links.make(ada.id)[1]
    by = sessions.find(here)
    assert by is not None
    users.change_password(by, PASSWORD, "nine dry pontoons", here)
    assert users.check("Ada", "nine dry pontoons") is not None
    assert users.check("Ada", PASSWORD) is None
    assert sessions.find(here) == by
    assert sessions.find(elsewhere) is None
    assert links.find(open_link) is None
    (entry, *_) = AuditLog(database).page(limit=1)
    assert (entry.actor_id, entry.action, entry.subject) == (ada.id, "user.password", ada.id)
    assert "pontoons" not in repr(entry)


def test_a_password_is_not_changed_by_anybody_else(users: UserService, links: LinkService) -> None:
    """All that is wrong at once, each beside its field, and no password in any of it."""
    ada = users.create(NewUser(name="Ada"))
    by = Principal(kind="user", id=ada.id, name="Ada", role=Role.VIEWER)
    with pytest.raises(ConflictError, match="without a password"):
        users.change_password(by, "", PASSWORD)
    links.accept(links.make(ada.id)[1], PASSWORD)
    with pytest.raises(ConflictError, match="without a password"):
        users.change_password(
            Principal(kind="key", id=ada.id, name="ci", role=Role.ADMIN), PASSWORD, PASSWORD
        )
    with pytest.raises(ClientError) as caught:
        users.change_password(by, "guessed it, maybe", "short")
    assert [problem.where for problem in caught.value.problems] == ["password", "current"]
    with pytest.raises(ClientError) as caught:
        users.change_password(by, PASSWORD, PASSWORD)
    assert [problem.where for problem in caught.value.problems] == ["password"]
    assert "lorries" not in repr(caught.value.problems)
    assert users.check("Ada", PASSWORD) is not None
