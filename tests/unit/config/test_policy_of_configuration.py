"""Settings that may be changed while the gateway runs, laid over the configuration."""

import pytest

from weighbridge.config.keys import LEAVES
from weighbridge.config.model import Settings
from weighbridge.config.policy import (
    POLICY_SETTINGS,
    checked,
    default_of,
    is_given,
    overlaid,
    value_of,
)


@pytest.mark.parametrize("name", POLICY_SETTINGS)
def test_each_name_is_one_of_the_configuration(name: str) -> None:
    """So both ways speak of the same thing, with the same default."""
    assert tuple(name.split(".")) in LEAVES
    assert value_of(Settings(), name) == default_of(name)


def test_what_the_configuration_gives_holds() -> None:
    """Also where it gives the default's own value; a child process knows it just as well."""
    given = Settings.model_validate({"attribution": {"required": []}, "labels": {"fold": True}})
    for settings in (
        given,
        Settings.model_validate_json(given.model_dump_json(exclude_unset=True)),
    ):
        assert is_given(settings, "attribution.required")
        assert not is_given(settings, "attribution.allowed.agent")
        wish = {"attribution.required": ["agent"], "labels.inject": True, "labels.fold": False}
        found = overlaid(settings, wish)
        assert found.attribution.required == []
        assert found.labels.inject
        assert found.labels.fold


def test_values_are_read_as_the_configuration_reads_them() -> None:
    """What it would not take is told by name, with the value seen."""
    good, problems = checked(
        {"labels.fold": "true", "labels.cardinality_warn": -1, "attribution.required": ["team"]}
    )
    assert good == {"labels.fold": True}
    assert [problem.where for problem in problems] == [
        "labels.cardinality_warn",
        "attribution.required",
    ]
    assert problems[0].seen == "-1"
