"""What budgets call channels: a name, an id, or an address, of which a channel is made.

An address is a secret, so what stands in a budget is the channel's name. Rules for future edits:
an address is in no error, no name and no log; all of it happens in the budget's transaction, so a
budget that is refused leaves no channel; who may not make channels makes none this way either.
Counterparts: `control/budgets` asks for names, `channels` seals, `takers` reads the names.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.control.alerting.channels import ChannelService, name_key, standing_channels
from weighbridge.control.tables import BudgetRow
from weighbridge.core.alert import AlertKind, NewChannel
from weighbridge.core.credential import Role
from weighbridge.core.principal import Principal
from weighbridge.errors import ClientError, NotAllowedError, Problem

# Where apprise reads a token in the host's place, it is a secret: these have a host there.
_WITH_HOST: Final = frozenset(
    {"form", "forms", "http", "https", "json", "jsons", "mailto", "mailtos", "xml", "xmls"}
)
# Letters and digits mixed at some length are how services write what nobody shall guess.
_TELLING: Final = re.compile(r"(?=.*[a-z])(?=.*[0-9])[a-z0-9-]{8,}|.{20,}")
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_MOST_HOST: Final = 80
_OF_BUDGETS: Final = (
    AlertKind.BUDGET_THRESHOLD.value,
    AlertKind.BUDGET_EXHAUSTED.value,
    AlertKind.BUDGET_FORECAST.value,
)


class ChannelNaming:
    """Finds, or makes, the channels that a budget shall tell.

    Takes: the channels; without them addresses are refused, for nothing could seal them.
    """

    def __init__(self, channels: ChannelService | None = None) -> None:
        self._channels = channels

    def __repr__(self) -> str:
        return f"<ChannelNaming of {self._channels!r}>"

    def names(
        self, session: Session, wanted: Iterable[str], by: Principal, former: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The same in names and ids, each once.

        Takes: `former`, what the budget named before; a channel removed since stays named.
        Errors: `ClientError` with every problem; `NotAllowedError` for an address of somebody who
        may not make channels.
        """
        wanted = tuple(wanted)
        rows = standing_channels(session)
        names = {row.name_key: row.name for row in rows}
        known = {row.id for row in rows} | names.keys()
        kept = set(former)
        fresh = [
            each for each in wanted if each not in kept and known.isdisjoint((each, name_key(each)))
        ]
        addresses = [each for each in fresh if is_address(each)]
        if addresses:
            _check_may_make(by)
        problems = [_unknown(each, names) for each in sorted(fresh) if not is_address(each)]
        problems += self._wrong(addresses)
        if problems:
            raise ClientError("this budget cannot be set as asked", problems=tuple(problems))
        made = {each: self._named(session, each.strip(), by) for each in addresses}
        return tuple(dict.fromkeys(made.get(each, each) for each in wanted))

    def _wrong(self, addresses: Iterable[str]) -> list[Problem]:
        problems = []
        for place, address in enumerate(addresses, start=1):
            found = (
                Problem("channels", "only names are taken here")
                if self._channels is None
                else self._channels.judged(address.strip())
            )
            if isinstance(found, Problem):
                message = f"address {place} cannot be sent to: {found.message}"
                problems.append(Problem("channels", message))
        return problems

    def _named(self, session: Session, address: str, by: Principal) -> str:
        """What the channel of an address is called; one that there is not yet, is made."""
        assert self._channels is not None
        known = self._channels.with_url(session, address)
        if known is not None:
            return known.name
        name = _free(derived_name(address), _taken(session))
        new = NewChannel(name=name, url=address, kinds=_OF_BUDGETS)
        return self._channels.add(session, new, by).name


def is_address(text: str) -> bool:
    """Whether a text is an address and not a name."""
    return "://" in text


def derived_name(address: str) -> str:
    """What to call the channel of an address: its scheme, and its host where that is no secret.

    Example: `json://ops:pw@127.0.0.1:9/hook` is `json-127.0.0.1`, `slack://T0/B0/x` is `slack`.
    """
    scheme = address.partition("://")[0].lower()
    parts = urlsplit(address)
    if scheme not in _WITH_HOST or "@" in parts.path + parts.fragment:
        return scheme  # an @ behind the host means that a password has cut the host short
    if "@" in parts.query and "@" not in parts.netloc:
        return scheme
    host = parts.netloc.rpartition("@")[2].partition(":")[0].lower()
    if not _HOST.fullmatch(host) or len(host) > _MOST_HOST:
        return scheme
    return scheme if any(map(_TELLING.fullmatch, host.split("."))) else f"{scheme}-{host}"


def _unknown(named: str, names: Mapping[str, str]) -> Problem:
    return Problem(
        "channels",
        "no channel has the id or name",
        seen=repr(named[:64]),
        remedy=_nearest(named, names),
    )


def _nearest(name: str, names: Mapping[str, str]) -> str:
    """Takes: what channels are called, by how that is compared."""
    close = get_close_matches(name_key(name), names, n=1)
    if close:
        return f"did you mean {names[close[0]]!r}?"
    return "see `channel list`" if names else "there is none yet; make one by `channel add`"


def _check_may_make(by: Principal) -> None:
    if by.role.includes(Role.ADMIN) and not by.scope:
        return
    raise NotAllowedError(
        "a budget takes an address only from who may make channels, which needs the role admin; "
        "ask an administrator for a channel, and name it"
    )


def _taken(session: Session) -> set[str]:
    """Names of channels, and those that budgets still know of channels that are no more."""
    found = {row.name_key for row in standing_channels(session)}
    for named in session.scalars(select(BudgetRow.channels)):
        found.update(map(name_key, named))
    return found


def _free(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while name_key(candidate) in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
