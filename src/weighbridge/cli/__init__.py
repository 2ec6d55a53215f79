"""The command line: one file a command."""

from weighbridge.cli.app import main

__all__ = ["main"]
