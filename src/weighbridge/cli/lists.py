"""The `list` command of a group: a list of the API as a table, JSON or CSV.

Rules for future edits: JSON is the API's own document; a list that takes options of its own is
a command of its own. Counterpart: `output` prints.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from weighbridge.cli.client import connect
from weighbridge.cli.options import AsJson, Config, Data, Format, ListFormat, configuration
from weighbridge.cli.output import print_json, print_rows

Rows = Callable[[dict[str, Any]], Sequence[Mapping[str, str]]]


def add_list(
    app: typer.Typer, about: str, path: str, *, columns: Sequence[str], rows: Rows
) -> None:
    """Give a group its `list`.

    Takes: what its help says; where the API has the list; what makes rows of its document.
    """

    @app.command("list", help=about)
    def list_(
        form: Format = ListFormat.TABLE,
        as_json: AsJson = False,
        data: Data = None,
        config: Config = None,
    ) -> None:
        with connect(configuration(data, config).settings) as client:
            document = client.get(path)
        if as_json or form is ListFormat.JSON:
            print_json(document)
        else:
            print_rows(columns, rows(document), as_csv=form is ListFormat.CSV)
