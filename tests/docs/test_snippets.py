"""What the documentation shows can be read by what it is meant for."""

import ast
import json
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from markdown import Block, blocks

from weighbridge.cli.app import app
from weighbridge.config import keys


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    """A Python block is Python."""
    assert ast.parse(block.text).body


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_parses(block: Block) -> None:
    """A JSON block is JSON."""
    assert json.loads(block.text)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_settings_shown_are_settings(block: Block) -> None:
    """Every key of a TOML block is a key of the configuration."""
    shown = list(_paths(tomllib.loads(block.text)))
    assert shown
    assert [path for path in shown if keys.field_at(path) is None] == []


def _paths(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _paths(value, (*above, name))
        else:
            yield (*above, name)


def _commands() -> list[list[str]]:
    found = []
    for block in blocks("sh"):
        joined = block.text.replace("\\\n", " ")
        for line in joined.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rpartition("/")[2] == "weighbridge":
                found.append(words[1:])
    return found


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_commands_shown_have_the_options_shown(words: list[str]) -> None:
    """A `weighbridge …` line of the documentation names commands and options that exist."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "get_command"):
        assert rest, f"{words}: no command"
        name = rest.pop(0)
        command = command.get_command(None, name)
        assert command is not None, f"{words}: no command {name!r}"
    known = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = [word.partition("=")[0] for word in rest if len(word) > 1 and word[0] == "-"]
    assert [option for option in used if option not in known] == []
