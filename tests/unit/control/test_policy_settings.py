"""The policy's settings in the control database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from weighbridge.config.model import Settings
from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.control.policy_settings import PolicySettings
from weighbridge.control.tables import PolicySettingRow
from weighbridge.control.tokens import TokenService
from weighbridge.core.policy_setting import PolicySetting, SettingOrigin
from weighbridge.errors import ClientError, ConflictError

GIVEN = Settings.model_validate({"attribution": {"required": ["department"]}})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def policy(database: Database) -> PolicySettings:
    return PolicySettings(database, GIVEN)


def _named(settings: list[PolicySetting], name: str) -> PolicySetting:
    return next(one for one in settings if one.name == name)


def test_each_setting_says_where_it_comes_from(policy: PolicySettings) -> None:
    """Configuration, policy or default."""
    settings = policy.update({"labels.inject": True})
    assert _named(settings, "attribution.required").origin is SettingOrigin.CONFIGURATION
    inject = _named(settings, "labels.inject")
    assert (inject.value, inject.origin) == (True, SettingOrigin.POLICY)
    assert inject.changed_at_us
    assert _named(settings, "labels.fold").origin is SettingOrigin.DEFAULT
    assert policy.all() == settings


def test_a_change_is_in_force_and_raises_the_version(
    policy: PolicySettings, database: Database
) -> None:
    """Workers never take an older policy for a newer one."""
    before, _ = TokenService(database).policy()
    policy.update({"attribution.allowed.project": ["shop", "site", "shop"]})
    assert policy.in_force().attribution.allowed.project == ["shop", "site"]
    assert policy.in_force().attribution.required == ["department"]
    assert TokenService(database).policy()[0] > before


def test_taking_away_brings_the_default_back(policy: PolicySettings, database: Database) -> None:
    """And is written down like any change; a change of nothing is not."""
    policy.update({"labels.cardinality_warn": 5})
    policy.update({"labels.cardinality_warn": None})
    policy.update({"labels.cardinality_warn": None, "labels.fold": None})
    version, _ = TokenService(database).policy()
    policy.update({})
    assert TokenService(database).policy()[0] == version
    assert policy.in_force().labels.cardinality_warn == 1000
    entries = AuditLog(database).page(limit=9)
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"labels.cardinality_warn": 5}, {"labels.cardinality_warn": None}),
        ({"labels.cardinality_warn": None}, {"labels.cardinality_warn": 5}),
    ]
    assert {entry.action for entry in entries} == {"policy.update"}


def test_what_the_configuration_gives_is_not_changed(policy: PolicySettings) -> None:
    """Nor anything else of the same request."""
    with pytest.raises(ConflictError, match=r"attribution\.required: the configuration sets it"):
        policy.update({"attribution.required": [], "labels.inject": True})
    assert not policy.in_force().labels.inject


@pytest.mark.parametrize(
    "values", [[], ["a" * 129], ["a\nb"], [" "], [f"v{n}" for n in range(1001)]]
)
def test_a_list_that_no_call_could_meet_is_refused(
    policy: PolicySettings, values: list[str]
) -> None:
    """Empty, too long, or with values that no header could carry."""
    with pytest.raises(ClientError) as caught:
        policy.update({"attribution.allowed.agent": values, "labels.developer_api": "eat"})
    wrong = {problem.where for problem in caught.value.problems}
    assert wrong == {"attribution.allowed.agent", "labels.developer_api"}


def test_a_stored_value_that_no_longer_fits_is_passed_over(
    policy: PolicySettings, database: Database
) -> None:
    """A database from another version stops no gateway."""
    policy.update({"labels.developer_api": "forward", "labels.inject": True})
    with database.change(policy=False) as session:
        row = PolicySettingRow.name == "labels.developer_api"
        session.execute(update(PolicySettingRow).where(row).values(value="eat"))
    assert policy.in_force().labels.developer_api == "strip"
    assert policy.in_force().labels.inject
