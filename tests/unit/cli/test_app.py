"""How commands end: status, one line per problem, never a traceback."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from weighbridge.cli import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nosuch",), "No such command 'nosuch'"),
        (("token", "create"), "Missing option '--name'"),
        (("token", "create", "--name"), "--name"),
        (("key", "create", "--name", "k", "--role", "king"), "'king'"),
        (("report", "--nosuch"), "--nosuch"),
        (("tail", "--filter", "x"), "--filter 'x' has no '='"),
        (("token", "create", "--name", "n", "--label", "x"), "--label 'x' has no '='"),
        (("models", "--data", "x", "update"), "--data stands before 'update'"),
        (("models", "--json", "update"), "--json stands before 'update'"),
        (("import", "absent.ndjson"), "no such file, got 'absent.ndjson'"),
        (("report", "--config", "absent.toml"), "no such file or directory, got absent.toml"),
    ],
)
def test_misuse_is_one_line_and_status_2(
    command: Any, arguments: tuple[str, ...], told: str
) -> None:
    """What, the value seen, what to do."""
    done = command(*arguments)
    assert done.status == app.MISUSE
    assert told in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_all_problems_of_a_configuration_are_told(command: Any, tmp_path: Path) -> None:
    """One line each, flags and file alike."""
    (tmp_path / "weighbridge.toml").write_text("[gatewy]\nx = 1\n")
    done = command("serve", "--listen", "x", "--workers", "0", "--upstream", "gemini")
    assert done.status == app.MISUSE
    lines = done.err.splitlines()
    assert len(lines) == 4
    for line, told in zip(
        lines,
        ("--upstream: expected NAME=URL", "gatewy.x", "gateway.listen", "gateway.workers"),
        strict=True,
    ):
        assert line.startswith(f"weighbridge: {told}")


def test_a_failure_is_status_1(command: Any) -> None:
    """Nothing is wrong with the command; what it names is not there."""
    command("token", "create", "--name", "n")
    done = command("token", "revoke", "tok_x")
    assert done.status == app.FAILURE
    assert done.err == "weighbridge: no tracking token has the id 'tok_x'; see `token list`\n"


def test_a_value_that_does_not_fit_is_shown(command: Any) -> None:
    """By the parser and by the API alike, in the program's own words."""
    done = command("limit", "set", "--name", "n", "--requests", "many")
    assert ", got 'many' (see `weighbridge limit set --help`)" in done.err
    done = command("budget", "set", "--name", "n", "--limit", "1", "--period", "fortnight")
    assert "Invalid value for '--period': 'fortnight' is not one of" in done.err
    done = command("token", "create", "--name", "n", "--pin", "team")
    assert "pinned.0: Input should be 'department', 'project' or 'agent', got 'team'" in done.err
    done = command("token", "create", "--name", "n", "--label", "Foo=x")
    assert "weighbridge: labels: label 'Foo'='x': the key must begin" in done.err


def test_no_arguments_print_help(command: Any) -> None:
    """A person who types the name alone learns what there is."""
    done = command()
    assert done.status == app.MISUSE
    assert "Commands:" in done.err + done.out


def test_every_command_of_the_table_loads() -> None:
    """A name in the table is a module with an app."""
    for name in app.COMMANDS:
        assert app.run([name, "--help"]) == 0


def test_starting_imports_no_command() -> None:
    """Help of one command does not load the others' libraries."""
    program = (
        "import sys\nfrom weighbridge.cli.app import run\nrun(['config', 'show'])\n"
        "loaded = {'duckdb', 'fastapi', 'sqlalchemy', 'altair'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
