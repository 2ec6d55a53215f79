"""Channels: made, changed, removed; their URLs are sealed and leave by `url_of` alone.

Rules for future edits: a URL goes in and never comes out again but towards the sender; the log
of changes says that it changed and not to what. What is removed keeps its row, without URL, for
the deliveries that went through it.
Counterparts: `sealing` encrypts, `apprise_sender` judges a URL, `admin/routes/channels` and the
command line call this, `channel_naming` where a budget brings an address.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from weighbridge.control.alerting.channel_checks import channel_problems
from weighbridge.control.alerting.sealing import Seal
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import BudgetRow, ChannelRow, DeliveryRow
from weighbridge.core.alert import AlertKind, Channel, DeliveryState, NewChannel, Quiet
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError, ConflictError, ControlError, NotFoundError, Problem


class Services(Protocol):
    """What channels need of whoever sends."""

    def service_of(self, url: str) -> str | Problem:
        """Whose service a URL is, or what is wrong with it."""
        ...


class ChannelService:
    """The channels of one control database."""

    def __init__(
        self, database: Database, seal: Seal, services: Services, mint: Mint | None = None
    ) -> None:
        self._database = database
        self._seal = seal
        self._services = services
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<ChannelService {self._database!r}>"

    def create(self, new: NewChannel, by: Principal = OPERATOR) -> Channel:
        """A channel; nothing is sent yet.

        Errors: `ClientError` with every problem; `ConflictError` where the name is taken.
        """
        self._checked(new, is_new=True)
        try:
            with self._database.change(policy=False) as session:
                return self.add(session, new, by)
        except IntegrityError:
            raise _name_is_taken(new.name) from None

    def add(self, session: Session, new: NewChannel, by: Principal) -> Channel:
        """A channel, as part of a transaction that somebody else ends.

        Errors: `ClientError` with every problem; `IntegrityError` where the name is taken.
        """
        row = ChannelRow(id=self._mint.identifier("chn_"), created_at_us=self._mint.now_us())
        row.service = self._checked(new, is_new=True)
        _write(row, new)
        row.sealed_url = self._seal.seal(new.url, row.id)
        session.add(row)
        session.flush()
        self._auditor.note(session, by, ("channel.create", row.id), after=_fields(row))
        return _channel(row)

    def judged(self, url: str) -> str | Problem:
        """Whose service a URL is, or what is wrong with it; the URL is not in the answer."""
        return self._services.service_of(url)

    def with_url(self, session: Session, url: str) -> Channel | None:
        """The channel that leads to this URL; one that does not open is passed over."""
        for row in standing_channels(session):
            with suppress(ControlError):
                if self._seal.open(row.sealed_url, row.id) == url:
                    return _channel(row)
        return None

    def all(self) -> list[Channel]:
        """All channels, newest first."""
        with self._database.read() as session:
            return [_channel(row) for row in standing_channels(session)]

    def get(self, wanted: str) -> Channel:
        """One channel, by its id or its name.

        Errors: `NotFoundError`.
        """
        with self._database.read() as session:
            return _channel(_found(session, wanted))

    def update(self, wanted: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> Channel:
        """Change a channel; a URL that is not given stays, and budgets follow another name.

        Takes: new values by name, of `NewChannel`.
        Errors: `NotFoundError`; `ClientError`; `ConflictError`.
        """
        try:
            with self._database.change(policy=False) as session:
                row = _found(session, wanted)
                former = _fields(row)
                after = msgspec.structs.replace(_wish(row), **changes)
                service = self._checked(after)
                _write(row, after)
                if after.url:
                    row.service = service
                    row.sealed_url = self._seal.seal(after.url, row.id)
                told = _fields(row) | ({"url": "changed"} if after.url else {})
                if row.name != former["name"]:
                    _rename_in_budgets(session, former["name"], row.name)
                if told != former:
                    row.updated_at_us = self._mint.now_us()
                    self._auditor.note(session, by, ("channel.update", row.id), former, told)
                return _channel(row)
        except IntegrityError:
            raise _name_is_taken(str(changes.get("name"))) from None

    def remove(self, wanted: str, by: Principal = OPERATOR) -> Channel:
        """Forget a channel's URL for good; what waited for it is given up.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=False) as session:
            row = _found(session, wanted)
            self._auditor.note(session, by, ("channel.remove", row.id), before=_fields(row))
            row.sealed_url, row.name_key, row.enabled = "", row.id, False
            row.removed_at_us = self._mint.now_us()
            given_up = {"state": DeliveryState.GIVEN_UP.value, "due_at_us": None}
            waiting = (DeliveryRow.channel_id == row.id) & DeliveryRow.due_at_us.is_not(None)
            session.execute(update(DeliveryRow).where(waiting).values(**given_up, reason="removed"))
            return _channel(row)

    def url_of(self, channel_id: str) -> str:
        """Where to send; for the sender alone.

        Errors: `NotFoundError`; `ControlError` where it does not open.
        """
        with self._database.read() as session:
            return self._seal.open(_found(session, channel_id).sealed_url, channel_id)

    def _checked(self, wanted: NewChannel, *, is_new: bool = False) -> str:
        """Whose service the channel is; "" where its URL stays."""
        problems = channel_problems(wanted)
        service = self._services.service_of(wanted.url) if wanted.url or is_new else ""
        if isinstance(service, Problem):
            problems.append(service)
        if problems:
            raise ClientError("the channel cannot be as asked", problems=tuple(problems))
        assert isinstance(service, str)
        return service


def takers(session: Session, kind: AlertKind, named: Iterable[str]) -> list[ChannelRow]:
    """The enabled channels that an alert goes to.

    Takes: names or ids of channels; where none of them is there, whoever takes the kind is it,
    so that no alert is lost to a channel that was removed.
    """
    enabled = [row for row in standing_channels(session) if row.enabled]
    wanted = {name for each in named for name in (each, name_key(each))}
    chosen = [row for row in enabled if row.id in wanted or row.name_key in wanted]
    return chosen or [row for row in enabled if not row.kinds or kind.value in row.kinds]


def standing_channels(session: Session) -> list[ChannelRow]:
    """Channels that were not removed, newest first."""
    query = select(ChannelRow).where(ChannelRow.removed_at_us.is_(None))
    return list(session.scalars(query.order_by(ChannelRow.id.desc())))


def name_key(name: str) -> str:
    """A name as it is compared."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _found(session: Session, wanted: str) -> ChannelRow:
    is_it = (ChannelRow.id == wanted) | (ChannelRow.name_key == name_key(wanted))
    row = session.scalar(select(ChannelRow).where(is_it, ChannelRow.removed_at_us.is_(None)))
    if row is None:
        raise NotFoundError(f"no channel has the id or name {wanted[:60]!r}; see `channel list`")
    return row


def _rename_in_budgets(session: Session, former: str, name: str) -> None:
    was = name_key(former)
    for budget in session.scalars(select(BudgetRow)):
        named = [name if name_key(each) == was else each for each in budget.channels]
        if named != budget.channels:
            budget.channels = named


def _write(row: ChannelRow, wanted: NewChannel) -> None:
    row.name, row.name_key = wanted.name, name_key(wanted.name)
    row.kinds, row.enabled = list(dict.fromkeys(wanted.kinds)), wanted.enabled
    row.quiet = None if wanted.quiet is None else msgspec.structs.asdict(wanted.quiet)


def _wish(row: ChannelRow) -> NewChannel:
    kinds, quiet = tuple(row.kinds), _quiet(row)
    return NewChannel(name=row.name, url="", kinds=kinds, quiet=quiet, enabled=row.enabled)


def _fields(row: ChannelRow) -> dict[str, Any]:
    names = ("name", "service", "kinds", "quiet", "enabled")
    return {name: getattr(row, name) for name in names}


def _quiet(row: ChannelRow) -> Quiet | None:
    return None if row.quiet is None else Quiet(**row.quiet)


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        id=row.id,
        name=row.name,
        service=row.service,
        kinds=tuple(row.kinds),
        quiet=_quiet(row),
        enabled=row.enabled,
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
    )


def _name_is_taken(name: str) -> ConflictError:
    return ConflictError(f"there is a channel named {name[:60]!r} already; see `channel list`")
