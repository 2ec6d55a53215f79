"""The policy's settings: shown with their origin, changed, and laid over the configuration.

Rules for future edits: a stored value is one that the configuration would take; nothing that
the configuration gives is changed here, so whoever keeps the machine has the last word.
Counterparts: `config/policy` says which settings and in what order, `compose/parts` hands the
outcome to the workers, `admin/routes/policy` and the command line call this.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.attribution.identity import MAX_VALUE_CHARACTERS
from weighbridge.config.model import Settings
from weighbridge.config.policy import (
    POLICY_SETTINGS,
    checked,
    default_of,
    is_given,
    overlaid,
    value_of,
)
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import PolicySettingRow
from weighbridge.control.token_checks import MOST_ALLOWED_VALUES
from weighbridge.core.policy_setting import PolicySetting, SettingOrigin
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError, ConflictError, Problem

SUBJECT: Final = "policy"
_ALLOWED: Final = "attribution.allowed."


class PolicySettings:
    """Settings of one control database over those of one configuration."""

    def __init__(self, database: Database, settings: Settings, mint: Mint | None = None) -> None:
        self._database = database
        self._settings = settings
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<PolicySettings {self._database!r}>"

    def all(self) -> list[PolicySetting]:
        """Every setting, in the order of the configuration."""
        with self._database.read() as session:
            return self._all(session)

    def in_force(self) -> Settings:
        """The configuration with what the policy sets in it."""
        with self._database.read() as session:
            stored = {row.name: row.value for row in session.scalars(select(PolicySettingRow))}
        good, _ = checked({name: stored[name] for name in POLICY_SETTINGS if name in stored})
        return overlaid(self._settings, good)

    def update(self, changes: Mapping[str, Any], by: Principal = OPERATOR) -> list[PolicySetting]:
        """Set some settings; None takes what was set away, so that the default holds again.

        Errors: `ConflictError` for what the configuration gives; `ClientError` with every
        problem of the values.
        """
        if not changes:
            return self.all()
        self._refuse_what_is_given(changes)
        good, problems = checked({name: v for name, v in changes.items() if v is not None})
        good = {name: _once(value) for name, value in good.items()}
        problems += [problem for name in good for problem in _value_problems(name, good[name])]
        if problems:
            raise ClientError("the policy cannot be changed as asked", problems=tuple(problems))
        with self._database.change(policy=True) as session:
            former = {row.name: row for row in session.scalars(select(PolicySettingRow))}
            before = {name: former[name].value if name in former else None for name in changes}
            after = {name: good.get(name) for name in changes}
            if before != after:
                for name, value in after.items():
                    self._write(session, former.get(name), name, value)
                self._auditor.note(session, by, ("policy.update", SUBJECT), before, after)
            session.flush()
            return self._all(session)

    def _refuse_what_is_given(self, changes: Mapping[str, Any]) -> None:
        given = [name for name in changes if is_given(self._settings, name)]
        if given:
            advice = "the configuration sets it, and that holds; change it there"
            raise ConflictError(
                f"{', '.join(given)}: {advice}",
                problems=tuple(Problem(name, advice) for name in given),
            )

    def _write(self, session: Session, row: PolicySettingRow | None, name: str, value: Any) -> None:
        if value is None:
            if row is not None:
                session.delete(row)
        elif row is None:
            now = self._mint.now_us()
            session.add(PolicySettingRow(name=name, value=value, changed_at_us=now))
        elif row.value != value:
            row.value, row.changed_at_us = value, self._mint.now_us()

    def _all(self, session: Session) -> list[PolicySetting]:
        stored = {row.name: row for row in session.scalars(select(PolicySettingRow))}
        return [self._setting(name, stored.get(name)) for name in POLICY_SETTINGS]

    def _setting(self, name: str, row: PolicySettingRow | None) -> PolicySetting:
        value, origin, changed = value_of(self._settings, name), SettingOrigin.DEFAULT, None
        if is_given(self._settings, name):
            origin = SettingOrigin.CONFIGURATION
        elif row is not None:
            value, origin, changed = row.value, SettingOrigin.POLICY, row.changed_at_us
        return PolicySetting(
            name=name,
            value=value,
            origin=origin,
            default=default_of(name),
            changed_at_us=changed,
        )


def _value_problems(name: str, value: Any) -> list[Problem]:
    """What the configuration would take and no call could mean."""
    if not name.startswith(_ALLOWED):
        return []
    if not 1 <= len(value) <= MOST_ALLOWED_VALUES:
        message = f"expected 1 to {MOST_ALLOWED_VALUES} values, or null for all; got {len(value)}"
        return [Problem(name, message)]
    rule = f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters in each value"
    wrong = [each for each in value if not _is_text(each)]
    return [Problem(name, rule, repr(wrong[0])[:60])] if wrong else []


def _once(value: Any) -> Any:
    return list(dict.fromkeys(value)) if isinstance(value, list) else value


def _is_text(value: str) -> bool:
    return bool(value.strip()) and len(value) <= MAX_VALUE_CHARACTERS and value.isprintable()
