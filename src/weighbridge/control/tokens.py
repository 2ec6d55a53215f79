"""Tracking tokens: made, listed, changed, revoked, and turned into the policy of workers.

The secret is returned once and never stored. Counterpart: `attribution/policy` is the form in
which workers know tokens, `admin/routes/tokens` and the command line call this.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import select

from weighbridge.attribution import labels as label_rules
from weighbridge.attribution.policy import TokenRecord
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import HINT_LENGTH, Mint
from weighbridge.control.tables import PolicyRow, TokenRow
from weighbridge.control.token_checks import token_problems
from weighbridge.core.credential import Billing, NewToken, TrackingToken
from weighbridge.core.ids import TRACKING_TOKEN_PREFIX, secret_hash
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError, ConflictError, NotFoundError

CHANGEABLE: Final = NewToken.__struct_fields__
_log = structlog.get_logger()


class TokenService:
    """Tracking tokens of one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<TokenService {self._database!r}>"

    def create(self, new: NewToken, by: Principal = OPERATOR) -> tuple[TrackingToken, str]:
        """A token and its secret, which is told this once.

        Names are for people and need not differ.

        Errors: `ClientError` with every problem of the request.
        """
        problems = token_problems(new, self._mint.now_us())
        if problems:
            raise ClientError("the token cannot be made as asked", problems=tuple(problems))
        secret = self._mint.secret(TRACKING_TOKEN_PREFIX)
        row = TokenRow(
            id=self._mint.identifier("tok_"),
            hint=secret[-HINT_LENGTH:],
            sha256=secret_hash(secret),
            created_at_us=self._mint.now_us(),
            **_stored(new),
        )
        with self._database.change(policy=True) as session:
            session.add(row)
            self._auditor.note(session, by, ("token.create", row.id), after=_stored(new))
        return _token(row), secret

    def all(self) -> list[TrackingToken]:
        """All tokens, also revoked ones, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(TokenRow).order_by(TokenRow.id.desc()))
            return [_token(row) for row in rows]

    def get(self, token_id: str) -> TrackingToken:
        """One token.

        Errors: `NotFoundError`.
        """
        with self._database.read() as session:
            return _token(_found(session.get(TokenRow, token_id), token_id))

    def find(self, secret: str) -> TrackingToken | None:
        """The token that a secret belongs to, in force or not, by its full hash (P5)."""
        with self._database.read() as session:
            row = session.scalar(select(TokenRow).where(TokenRow.sha256 == secret_hash(secret)))
            return None if row is None else _token(row)

    def update(
        self, token_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> TrackingToken:
        """Change what a token stands for; its secret and its id stay.

        Takes: new values by name, of `CHANGEABLE`; what is not named stays.
        Gives: the token, whose `updated_at_us` moves only where something changed.
        Errors: `NotFoundError`; `ConflictError` for a revoked one; `ClientError` with every
        problem of the token as it would be.
        """
        with self._database.change(policy=True) as session:
            row = _found(session.get(TokenRow, token_id), token_id)
            if row.revoked_at_us is not None:
                raise ConflictError(f"{row.id} was revoked, which is for good; make a new token")
            before = _wish(row)
            after = msgspec.structs.replace(before, **changes)
            new_expiry = after.expires_at_us != before.expires_at_us
            problems = token_problems(after, self._mint.now_us(), expiry_is_new=new_expiry)
            if problems:
                raise ClientError("the token cannot be changed as asked", problems=tuple(problems))
            values = _stored(after)
            former = _stored(before)
            changed = [name for name, value in former.items() if values[name] != value]
            for name in changed:
                setattr(row, name, values[name])
            if changed:
                row.updated_at_us = self._mint.now_us()
                self._auditor.note(session, by, ("token.update", row.id), former, values)
                _log.info("a tracking token was changed", token_id=row.id, fields=changed)
            return _token(row)

    def revoke(self, token_id: str, by: Principal = OPERATOR) -> TrackingToken:
        """Take a token out of force for good; revoking it again changes nothing.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=True) as session:
            row = _found(session.get(TokenRow, token_id), token_id)
            if row.revoked_at_us is None:
                row.revoked_at_us = self._mint.now_us()
                self._auditor.note(session, by, ("token.revoke", row.id))
            return _token(row)

    def policy(self) -> tuple[int, list[TokenRecord]]:
        """The policy's version, and every token as workers know it at that version or later."""
        with self._database.read() as session:
            version = session.scalars(select(PolicyRow.version)).one()
            rows = session.scalars(select(TokenRow).order_by(TokenRow.id))
            return version, [_record(row) for row in rows]


def _found(row: TokenRow | None, token_id: str) -> TokenRow:
    if row is None:
        raise NotFoundError(f"no tracking token has the id {token_id[:60]!r}; see `token list`")
    return row


def _stored(wanted: NewToken) -> dict[str, Any]:
    """The columns that say what a token stands for, in the form in which they are stored."""
    values = {name: getattr(wanted, name) for name in CHANGEABLE}
    labels = label_rules.checked_labels(wanted.labels.items(), source="labels")
    return {
        **values,
        "labels": dict(labels),
        "billing": wanted.billing.value,
        "required": list(dict.fromkeys(wanted.required)),
        "allowed": {name: list(dict.fromkeys(each)) for name, each in wanted.allowed.items()},
        "pinned": list(dict.fromkeys(wanted.pinned)),
    }


def _wish(row: TokenRow) -> NewToken:
    """A stored token as the request that would make it."""
    values = {name: getattr(row, name) for name in CHANGEABLE}
    return NewToken(**{**values, "billing": Billing(row.billing)})


def _token(row: TokenRow) -> TrackingToken:
    return TrackingToken(
        id=row.id,
        name=row.name,
        hint=row.hint,
        sha256=row.sha256,
        department=row.department,
        project=row.project,
        agent=row.agent,
        labels=row.labels,
        billing=Billing(row.billing),
        required=row.required,
        allowed=row.allowed,
        pinned=row.pinned,
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
        expires_at_us=row.expires_at_us,
        revoked_at_us=row.revoked_at_us,
    )


def _record(row: TokenRow) -> TokenRecord:
    return TokenRecord(
        token_id=row.id,
        name=row.name,
        sha256=row.sha256,
        department=row.department,
        project=row.project,
        agent=row.agent,
        labels=row.labels,
        expires_at_us=row.expires_at_us,
        revoked=row.revoked_at_us is not None,
        free_tier=row.billing == Billing.FREE,
        required=row.required,
        allowed=row.allowed,
        pinned=row.pinned,
    )
