"""The operator's own rates: stated, changed, taken back, and put into the book in force.

Hides the book's rebuilding. A statement is stored only once a book with it has compiled; what
changes is told by comparing both books, so nobody has to guess whether a statement has any
effect. Rules for future edits: only the process that holds the data folder changes these; rows
that are booked keep their cost.
Counterparts: `pricing/overrides` is their form, `compose/parts` sends them with the policy,
`admin/routes/price_overrides` and the command line call this.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy import select

from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import PriceOverrideRow
from weighbridge.core.clock import from_unix_us
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError, ConfigurationError, NotFoundError, Problem
from weighbridge.pricing import overrides
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.changes import DatedChange, dated_changes
from weighbridge.pricing.overrides import PriceOverride
from weighbridge.pricing.pricefile import Price

_log = structlog.get_logger()


class PriceOverrides:
    """Own rates of one control database, in force in one price book."""

    def __init__(self, database: Database, book: PriceBook, mint: Mint | None = None) -> None:
        self._database = database
        self._book = book
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)
        self._changing = threading.Lock()
        self._in_force = self._usable([one.price for one in self.all()])
        book.override(overrides.override_file(self._in_force))

    def __repr__(self) -> str:
        return f"<PriceOverrides {len(self._in_force)} in force>"

    def all(self) -> list[PriceOverride]:
        """Every statement, the earliest made first, for the later beats it."""
        return _all(self._database)

    def encoded(self) -> bytes:
        """What workers are to put into their books."""
        return overrides.encode(self._in_force)

    def preview(
        self, statement: Mapping[str, Any], override_id: str | None = None
    ) -> list[DatedChange]:
        """Which prices would change, and from which day, were this stated.

        Takes: the fields of `pricefile.Price`; the id of the statement whose place it takes.
        Errors: `ClientError`, `NotFoundError`.
        """
        return self._compiled(self._checked(statement), override_id)[1]

    def create(
        self, statement: Mapping[str, Any], by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Put a statement in force.

        Errors: `ClientError` with every problem.
        """
        with self._changing:
            price = self._checked(statement)
            prices, changes = self._compiled(price, None)
            row = PriceOverrideRow(
                id=self._mint.identifier("prc_"),
                statement=_stored(price),
                created_at_us=self._mint.now_us(),
            )
            with self._database.change(policy=True) as session:
                session.add(row)
                self._auditor.note(session, by, ("price.create", row.id), after=row.statement)
            self._put(prices)
            return _override(row), changes

    def update(
        self, override_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Change fields of a statement; what is not named stays.

        Errors: `NotFoundError`; `ClientError` with every problem.
        """
        with self._changing:
            former = self._found(override_id)
            price = self._checked({**msgspec.structs.asdict(former.price), **changes})
            prices, differences = self._compiled(price, override_id)
            before, after = _stored(former.price), _stored(price)
            with self._database.change(policy=True) as session:
                row = session.get_one(PriceOverrideRow, override_id)
                if before != after:
                    row.statement, row.updated_at_us = after, self._mint.now_us()
                    self._auditor.note(session, by, ("price.update", row.id), before, after)
                changed = _override(row)
            self._put(prices)
            return changed, differences

    def remove(
        self, override_id: str, by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Take a statement back; the book's own prices hold again.

        Errors: `NotFoundError`.
        """
        with self._changing:
            gone = self._found(override_id)
            prices, changes = self._compiled(None, override_id)
            with self._database.change(policy=True) as session:
                row = session.get_one(PriceOverrideRow, override_id)
                session.delete(row)
                self._auditor.note(session, by, ("price.delete", row.id), before=row.statement)
            self._put(prices)
            return gone, changes

    def _put(self, prices: Sequence[Price]) -> None:
        self._book.override(overrides.override_file(prices))
        self._in_force = list(prices)

    def _found(self, override_id: str) -> PriceOverride:
        for one in self.all():
            if one.id == override_id:
                return one
        raise NotFoundError(f"no price override has the id {override_id[:60]!r}; see `price list`")

    def _checked(self, statement: Mapping[str, Any]) -> Price:
        given = {name: value for name, value in statement.items() if value is not None}
        given.setdefault("read", from_unix_us(self._mint.now_us()).date())
        given["models"] = [self._id_of(name) for name in given.get("models", ())]
        price, problems = overrides.checked(msgspec.to_builtins(given), self._book.models)
        if price is not None and not price.source.strip():
            problems = [Problem("source", "say where the rates stand, like a contract's number")]
        if price is None or problems:
            raise ClientError("the prices cannot be taken as given", problems=tuple(problems))
        return price

    def _id_of(self, name: str) -> str:
        found = [self._book.resolve(name, provider=maker) for maker in self._book.makers]
        return name if name in self._book.models else next(filter(None, found), name)

    def _compiled(
        self, price: Price | None, override_id: str | None
    ) -> tuple[list[Price], list[DatedChange]]:
        """All statements with one more, changed or gone, and what that changes in the book."""
        kept = self.all()
        touched = set(price.models) if price else set()
        if override_id is not None:
            touched |= set(self._found(override_id).price.models)
        prices = [
            price if one.id == override_id else one.price
            for one in kept
            if price is not None or one.id != override_id
        ]
        if price is not None and override_id is None:
            prices.append(price)
        statements = self._usable([one for one in prices if one is not None], price)
        try:
            after = self._book.overridden(overrides.override_file(statements))
        except ConfigurationError as error:
            problems = tuple(
                Problem("rates", f"{one.where}: {one.message}", remedy=one.remedy)
                for one in error.problems
            )
            raise ClientError("the prices cannot be taken as given", problems=problems) from None
        return statements, dated_changes(self._book, after, sorted(touched))

    def _usable(self, prices: list[Price], but: Price | None = None) -> list[Price]:
        """The statements that this version's book takes; all of them, but after an upgrade.

        Takes: `but`, one that is looked at elsewhere.
        """
        try:
            self._book.overridden(overrides.override_file(prices))
        except ConfigurationError:
            return [one for one in prices if one is but or self._fits(one)]
        return prices

    def _fits(self, price: Price) -> bool:
        try:
            self._book.overridden(overrides.override_file([price]))
        except ConfigurationError as error:
            _log.error("a price override fits the book no more", reason=error.message)
            return False
        return True


def stated(database: Database) -> list[Price]:
    """The rates of a database that nobody serves, in their order."""
    return [one.price for one in _all(database)]


def _all(database: Database) -> list[PriceOverride]:
    with database.read() as session:
        rows = session.scalars(select(PriceOverrideRow).order_by(PriceOverrideRow.id))
        return [_override(row) for row in rows]


def _stored(price: Price) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(price)
    return document


def _override(row: PriceOverrideRow) -> PriceOverride:
    return PriceOverride(
        id=row.id,
        price=msgspec.convert(row.statement, Price),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
    )
