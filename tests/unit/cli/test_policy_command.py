"""`weighbridge policy` on a folder that nothing serves."""

from pathlib import Path
from typing import Any


def test_settings_are_set_shown_and_unset(command: Any) -> None:
    """Values are written as in the environment."""
    done = command("policy", "set", "attribution.required=department,agent", "labels.fold=true")
    assert done.status == 0
    assert 'attribution.required = ["department", "agent"]' in done.err
    shown = {one["name"]: one for one in command("policy", "show", "--json").json["settings"]}
    assert shown["attribution.required"]["value"] == ["department", "agent"]
    assert shown["labels.fold"]["origin"] == "policy"
    assert command("policy", "unset", "labels.fold").err == "labels.fold = false\n"
    assert "attribution.required" in command("policy", "show").out


def test_a_setting_of_the_configuration_stays(command: Any, tmp_path: Path) -> None:
    """The line says who has the last word."""
    (tmp_path / "weighbridge.toml").write_text("[labels]\ninject = true\n", "utf-8")
    done = command("policy", "set", "labels.inject=false")
    assert done.status == 1
    assert "labels.inject: the configuration sets it" in done.err


def test_what_is_no_setting_is_told(command: Any) -> None:
    """With those that there are, before anything is opened."""
    assert "is no setting of the policy" in command("policy", "set", "gateway.listen=x").err
    assert "expected NAME=VALUE" in command("policy", "set", "labels.fold").err
    assert command("policy", "unset", "labels").status == 2
