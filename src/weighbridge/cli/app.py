"""The command line's frame: which commands there are, and how each ends.

A command's module is imported when it is called, so that starting stays quick. An error is one
line on stderr (what, value seen, what to do), never a traceback; exit status 2 for usage and
configuration, 1 for failure. Counterpart: one file per command beside this one.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from weighbridge import __version__
from weighbridge.errors import ConfigurationError, UsageError, WeighbridgeError

FAILURE: Final = 1
MISUSE: Final = 2
_INTERRUPTED: Final = 130
COMMANDS: Final = {
    "serve": "serve",
    "demo": "demo",
    "token": "token",
    "key": "key",
    "user": "user",
    "policy": "policy",
    "audit": "audit",
    "budget": "budget",
    "limit": "limit",
    "channel": "channel",
    "alerts": "alerts",
    "report": "report",
    "whatif": "whatif",
    "tail": "tail",
    "import": "import_",
    "models": "models",
    "price": "price",
    "config": "config",
    "doctor": "doctor",
}


class _Commands(TyperGroup):
    """The commands by name, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the name is the parent's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"weighbridge.cli.{COMMANDS[cmd_name]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="weighbridge",
    cls=_Commands,
    help="Weighs every Gemini call: tokens, exact cost, latency, by department and project.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"weighbridge {__version__}\n")
        raise typer.Exit


@app.callback()
def _weighbridge(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Hold the commands together."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Exit status of one command."""
    command = typer.main.get_command(app)
    try:
        status = command.main(list(arguments), prog_name="weighbridge", standalone_mode=False)
    except (ConfigurationError, UsageError) as error:
        return _complain(MISUSE, error)
    except WeighbridgeError as error:
        return _complain(FAILURE, error)
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        return 0  # whoever read the output has had enough
    except typer.TyperException as error:
        return _complain_of_usage(error)
    return status if isinstance(status, int) else 0


def _complain(status: int, error: WeighbridgeError) -> int:
    told = [error.message]
    if not isinstance(error, ConfigurationError):
        told += [str(problem) for problem in error.problems if problem.message not in told[0]]
    for line in "\n".join(told).splitlines():
        sys.stderr.write(f"weighbridge: {line}\n")
    return status


def _complain_of_usage(error: Any) -> int:
    """One line of what the parser says, and where help is; help itself where that was meant."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    details = getattr(error.__cause__, "errors", None)
    if details is not None:  # pydantic's, which leaves out the value that it saw
        message = message.replace("Value error, ", "")
        seen = repr(details()[0]["input"])
        message += "" if seen in message else f", got {seen[:80]}"
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{message}\n")
        return MISUSE
    context = getattr(error, "ctx", None)
    help_of = context.command_path if context is not None else "weighbridge"
    sys.stderr.write(f"weighbridge: {' '.join(message.split())} (see `{help_of} --help`)\n")
    return int(getattr(error, "exit_code", MISUSE))
