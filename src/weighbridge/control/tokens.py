"""Tracking tokens: made, listed, revoked, and turned into the policy that workers apply.

The secret is returned once and never stored. Counterpart: `attribution/policy` is the form in
which workers know tokens, `admin/routes/tokens` and the command line call this.
"""

from sqlalchemy import select

from weighbridge.attribution import labels as label_rules
from weighbridge.attribution.identity import DIMENSIONS, MAX_VALUE_CHARACTERS
from weighbridge.attribution.policy import TokenRecord
from weighbridge.control.database import Database
from weighbridge.control.secrets import HINT_LENGTH, Mint
from weighbridge.control.tables import PolicyRow, TokenRow
from weighbridge.core.credential import NewToken, TrackingToken
from weighbridge.core.ids import TRACKING_TOKEN_PREFIX, secret_hash
from weighbridge.errors import ClientError, NotFoundError, Problem


class TokenService:
    """Tracking tokens of one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()

    def __repr__(self) -> str:
        return f"<TokenService {self._database!r}>"

    def create(self, new: NewToken) -> tuple[TrackingToken, str]:
        """A token and its secret, which is told this once.

        Names are for people and need not differ.

        Errors: `ClientError` with every problem of the request.
        """
        problems = _problems(new, self._mint.now_us())
        if problems:
            raise ClientError("the token cannot be made as asked", problems=tuple(problems))
        secret = self._mint.secret(TRACKING_TOKEN_PREFIX)
        row = TokenRow(
            id=self._mint.identifier("tok_"),
            name=new.name,
            hint=secret[-HINT_LENGTH:],
            sha256=secret_hash(secret),
            department=new.department,
            project=new.project,
            agent=new.agent,
            labels=dict(label_rules.checked_labels(new.labels.items(), source="labels")),
            created_at_us=self._mint.now_us(),
            expires_at_us=new.expires_at_us,
        )
        with self._database.change(policy=True) as session:
            session.add(row)
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
            row = session.get(TokenRow, token_id)
            if row is None:
                raise _not_found(token_id)
            return _token(row)

    def revoke(self, token_id: str) -> TrackingToken:
        """Take a token out of force for good; revoking it again changes nothing.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=True) as session:
            row = session.get(TokenRow, token_id)
            if row is None:
                raise _not_found(token_id)
            if row.revoked_at_us is None:
                row.revoked_at_us = self._mint.now_us()
            return _token(row)

    def policy(self) -> tuple[int, list[TokenRecord]]:
        """The policy's version, and every token as workers know it at that version or later."""
        with self._database.read() as session:
            version = session.scalars(select(PolicyRow.version)).one()
            rows = session.scalars(select(TokenRow).order_by(TokenRow.id))
            return version, [_record(row) for row in rows]


def _problems(new: NewToken, now_us: int) -> list[Problem]:
    problems = []
    if not new.name.strip() or len(new.name) > MAX_VALUE_CHARACTERS or not new.name.isprintable():
        problems.append(
            Problem("name", f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters")
        )
    for dimension in DIMENSIONS:
        value = getattr(new, dimension)
        if value is None:
            continue
        if not value.strip() or len(value) > MAX_VALUE_CHARACTERS or not value.isprintable():
            problems.append(
                Problem(dimension, f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters")
            )
    try:
        label_rules.checked_labels(new.labels.items(), source="labels")
    except label_rules.LabelError as error:
        problems.append(Problem("labels", str(error)))
    if new.expires_at_us is not None and new.expires_at_us <= now_us:
        problems.append(Problem("expires", "lies in the past; give a later instant, or none"))
    return problems


def _not_found(token_id: str) -> NotFoundError:
    return NotFoundError(f"no tracking token has the id {token_id[:60]!r}; see `token list`")


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
        created_at_us=row.created_at_us,
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
    )
