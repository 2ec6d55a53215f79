"""Admin API keys: made, listed, revoked, and recognised by their full hash (P5)."""

from sqlalchemy import select

from weighbridge.attribution.identity import MAX_VALUE_CHARACTERS
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import HINT_LENGTH, Mint
from weighbridge.control.tables import KeyRow
from weighbridge.core.credential import AdminKey, Role
from weighbridge.core.ids import ADMIN_KEY_PREFIX, secret_hash
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError, NotFoundError, Problem


class KeyService:
    """Admin API keys of one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<KeyService {self._database!r}>"

    def create(self, name: str, role: Role, by: Principal = OPERATOR) -> tuple[AdminKey, str]:
        """A key and its secret, which is told this once.

        Errors: `ClientError` for a name that is none.
        """
        if not name.strip() or len(name) > MAX_VALUE_CHARACTERS or not name.isprintable():
            problem = Problem("name", f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters")
            raise ClientError("the key cannot be made as asked", problems=(problem,))
        secret = self._mint.secret(ADMIN_KEY_PREFIX)
        row = KeyRow(
            id=self._mint.identifier("key_"),
            name=name,
            role=role.value,
            hint=secret[-HINT_LENGTH:],
            sha256=secret_hash(secret),
            created_at_us=self._mint.now_us(),
        )
        with self._database.change(policy=False) as session:
            session.add(row)
            after = {"name": name, "role": role.value}
            self._auditor.note(session, by, ("key.create", row.id), after=after)
        return _key(row), secret

    def all(self) -> list[AdminKey]:
        """All keys, also revoked ones, newest first."""
        with self._database.read() as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.id.desc()))]

    def revoke(self, key_id: str, by: Principal = OPERATOR) -> AdminKey:
        """Take a key out of force for good; revoking it again changes nothing.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=False) as session:
            row = session.get(KeyRow, key_id)
            if row is None:
                raise NotFoundError(f"no admin key has the id {key_id[:60]!r}; see `key list`")
            if row.revoked_at_us is None:
                row.revoked_at_us = self._mint.now_us()
                self._auditor.note(session, by, ("key.revoke", row.id))
            return _key(row)

    def find(self, secret: str) -> AdminKey | None:
        """The key in force that a secret belongs to, or None."""
        with self._database.read() as session:
            row = session.scalar(
                select(KeyRow).where(
                    KeyRow.sha256 == secret_hash(secret), KeyRow.revoked_at_us.is_(None)
                )
            )
            return None if row is None else _key(row)


def _key(row: KeyRow) -> AdminKey:
    return AdminKey(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        hint=row.hint,
        created_at_us=row.created_at_us,
        revoked_at_us=row.revoked_at_us,
    )
