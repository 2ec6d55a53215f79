"""`weighbridge tail`: exchanges as they come, with their cost."""

import json
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Annotated, Any, Final

import typer

from weighbridge.cli.client import Client, connect
from weighbridge.cli.options import AsJson, Config, Data, command_app, configuration
from weighbridge.cli.output import plain
from weighbridge.cli.question import Filters
from weighbridge.errors import ControlError, UsageError

app = command_app()
_POLL_S: Final = 0.3
_PAGE: Final = 500
# Rows become visible when they end, so those that began earlier may still appear.
_LOOK_BACK: Final = timedelta(minutes=15)
_PAGES: Final = 20
_DEEP_EVERY: Final = 10  # polls; a long stream stands pages below the newest when it ends
_REMEMBERED: Final = 2 * _PAGE * _PAGES
_FAILURES: Final = 100


class TailFormat(StrEnum):
    """How each exchange is printed."""

    TEXT = "text"
    JSON = "json"


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    filters: Filters = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1000, help="Past exchanges to begin with.")
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on as exchanges come.")
    ] = True,
    in_flight: Annotated[
        bool, typer.Option("--in-flight", help="Those under way now, the longest first; then end.")
    ] = False,
    form: Annotated[
        TailFormat, typer.Option("--format", help="json prints one object per line.")
    ] = TailFormat.TEXT,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print exchanges as they come, with their cost."""
    given = parse_filters(filters or [])
    write = _write_json if as_json or form is TailFormat.JSON else _write_text
    with connect(configuration(data, config).settings) as client:
        if in_flight:
            write = _write_json if write is _write_json else _write_under_way
            for row in client.get("/api/v1/in-flight", given)["exchanges"]:
                write(row)
            return
        tail = Tail(client, given)
        for row in tail.begin(lines):
            write(row)
        if follow and not client.live:
            sys.stderr.write("weighbridge serve does not run here, so nothing will follow\n")
            return
        for row in tail.follow() if follow else ():
            write(row)


class Tail:
    """What was printed, and what came since. Rows are told apart by their id."""

    def __init__(self, client: Client, filters: list[tuple[str, str]]) -> None:
        self._client = client
        self._filters = filters
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Tail {len(self._seen)} rows seen>"

    def begin(self, lines: int) -> list[dict[str, Any]]:
        """The last `lines` exchanges, oldest first; everything else there is counts as seen."""
        self.news(_PAGES)
        params = [*self._filters, ("limit", str(max(lines, 1)))]
        rows = self._client.get("/api/v1/exchanges", params)["exchanges"][:lines]
        for row in rows:
            self._is_new(row)
        return list(reversed(rows))

    def follow(self) -> Iterator[dict[str, Any]]:
        """Exchanges as they come, across restarts of the control process."""
        failures = 0
        for poll in count(1):
            time.sleep(_POLL_S)
            try:
                rows = self.news(_PAGES if poll % _DEEP_EVERY == 0 else 1)
            except ControlError:
                failures += 1
                if failures > _FAILURES:
                    raise
                continue
            failures = 0
            yield from rows

    def news(self, pages: int) -> list[dict[str, Any]]:
        """Exchanges that came since, oldest first.

        Takes: how many pages to look at in any case; beyond them, a page without news ends it.
        """
        since = (datetime.now(UTC) - _LOOK_BACK).isoformat()
        fresh: list[dict[str, Any]] = []
        cursor: str | None = None
        for number in range(1, _PAGES + 1):
            params = [*self._filters, ("since", since), ("limit", str(_PAGE))]
            if cursor is not None:
                params.append(("cursor", cursor))
            page = self._client.get("/api/v1/exchanges", params)
            new = [row for row in page["exchanges"] if self._is_new(row)]
            fresh += new
            cursor = page["next_cursor"]
            if cursor is None or (not new and number >= pages):
                break
        return list(reversed(fresh))

    def _is_new(self, row: dict[str, Any]) -> bool:
        identity = row["exchange_id"]
        if identity in self._seen:
            return False
        self._seen[identity] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def parse_filters(given: list[str]) -> list[tuple[str, str]]:
    """`dim=value` flags as query parameters.

    Errors: `UsageError` for one without `=`.
    """
    pairs = []
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise UsageError(f"--filter {each!r} has no '='; write --filter dimension=value")
        pairs.append((name, value))
    return pairs


def _write_json(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _write_text(row: dict[str, Any]) -> None:
    tokens = row["total_tokens"]
    latency = row["latency_us"]
    line = (
        f"{row['started_at'][11:23]}  {row['status'] or 0:>3}  {row['outcome'] or '-':<14}  "
        f"{row['model'] or row['operation'] or '-':<28}  "
        f"{'-' if tokens is None else format(tokens, ','):>9} tok  {_price(row):>14}  "
        f"{'-' if latency is None else format(latency // 1000, ','):>7} ms  {_who(row)}"
    )
    sys.stdout.write(f"{plain(line)}\n")
    sys.stdout.flush()


def _write_under_way(row: dict[str, Any]) -> None:
    tokens, turns = row["total_tokens"], row["turns"]
    line = (
        f"{row['started_at'][11:23]}  {'under way':<19}  "
        f"{row['model'] or row['operation'] or '-':<28}  "
        f"{'-' if tokens is None else format(tokens, ','):>9} tok  {_price(row):>14}  "
        f"{'-' if turns is None else format(turns, ','):>4} turns  {_who(row)}"
    )
    sys.stdout.write(f"{plain(line)}\n")


def _who(row: dict[str, Any]) -> str:
    return "/".join(row[name] or "-" for name in ("department", "project", "agent"))


def _price(row: dict[str, Any]) -> str:
    cost = row["list_cost"]
    if cost is None:
        return row["pricing_status"] or "-"
    return f"${cost.rstrip('0').rstrip('.')}"
