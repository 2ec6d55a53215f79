"""The command line's reference page: every command's help, as it is printed.

`docs/reference/cli.md` holds `pages()`'s text, and a test compares them.
"""

from collections.abc import Iterator
from typing import Any, Final

import typer

from weighbridge.cli.app import app

WIDTH: Final = 88


def pages() -> str:
    """Markdown with the help of the program and of each command."""
    return "\n".join(_section(path, text) for path, text in _helps()).strip() + "\n"


def _helps() -> Iterator[tuple[str, str]]:
    yield from _helps_of(typer.main.get_command(app), "weighbridge", None)


def _helps_of(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        context.terminal_width = context.max_content_width = WIDTH
        yield context.command_path, command.get_help(context)
        below = command.list_commands(context) if hasattr(command, "list_commands") else ()
        for each in below:
            yield from _helps_of(command.get_command(context, each), each, context)


def _section(path: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## `{path}`\n\n```text\n{lines}\n```\n"
