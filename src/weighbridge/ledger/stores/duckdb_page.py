"""The SQL of one page of exchanges, newest first, and the cursor that asks for the next.

Hides keyset paging: a cursor is the start and id of the last row seen, so pages neither skip
nor repeat a row while new ones arrive. Rules for future edits: values are parameters; only
names of a closed list become SQL.
"""

import base64
import difflib
import re
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.core.exchange import COLUMNS, TEXT_DIMENSIONS
from weighbridge.errors import ClientError
from weighbridge.ledger.stores.base import PageRequest, Row

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM exchanges WHERE"  # noqa: S608
EXCHANGE_QUERY = f"{_SELECT} exchange_id = $1"
_LABEL = "label:"
_NEWEST_FIRST = "started_at DESC, exchange_id DESC"
_COSTLIEST_FIRST = f"list_cost DESC, {_NEWEST_FIRST}"
# What a search looks into: names and codes that people know an exchange by.
_SEARCHED = (
    *("department", "project", "agent", "model", "model_version", "operation", "location"),
    *("cloud_project", "token_id", "outcome", "error_type", "finish_reason", "block_reason"),
    "status",
)
_ID_PART = re.compile("[0-9a-f-]{4,36}", re.ASCII)
_AS_TEXT = {name: name for name in TEXT_DIMENSIONS} | {
    "status": "status::VARCHAR",
    "streamed": "streamed::VARCHAR",
}


def page_query(request: PageRequest) -> tuple[str, list[object]]:
    """SQL and parameters for one row more than asked, which tells whether there are more."""
    query = _Conditions()
    if request.since is not None:
        query.add("started_at >= {}", _naive(request.since))
    if request.until is not None:
        query.add("started_at < {}", _naive(request.until))
    if request.cursor is not None:
        started_at, exchange_id = _parse_cursor(request.cursor)
        # The first is implied by the second; alone it lets row groups be skipped.
        query.add("started_at <= {}", started_at)
        query.add("(started_at < {} OR exchange_id < {})", started_at, exchange_id)
    for name, values in request.filters.items():
        query.add_filter(name, [value for value in values if value is not None], None in values)
    for name, allowed in request.scope.items():
        query.add_filter(name, list(allowed), or_null=False)
    for word in request.search.lower().split():
        query.add_search(word)
    if request.costliest:
        query.add("NOT list_cost IS NULL")
    limit = query.parameter(request.limit + 1)
    order = _COSTLIEST_FIRST if request.costliest else _NEWEST_FIRST
    return f"{_SELECT} {query.text} ORDER BY {order} LIMIT {limit}", query.parameters


def cursor_after(row: Row) -> str:
    """Text that asks for what follows `row`."""
    started_at = row["started_at"]
    assert isinstance(started_at, datetime)
    packed = msgspec.json.encode([to_unix_us(started_at), row["exchange_id"]])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _parse_cursor(text: str) -> tuple[datetime, UUID]:
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unix_us, exchange_id = msgspec.json.decode(packed, type=tuple[int, UUID])
        return _naive(from_unix_us(unix_us)), exchange_id
    except (ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise ClientError(
            f"cursor {text[:80]!r} was not given by this API; ask again without a cursor"
        ) from error


class _Conditions:
    """Conditions joined by AND, and their numbered parameters."""

    def __init__(self) -> None:
        self.parameters: list[object] = []
        self._conditions = ["true"]

    @property
    def text(self) -> str:
        return " AND ".join(self._conditions)

    def parameter(self, value: object) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def add(self, condition: str, *values: object) -> None:
        self._conditions.append(condition.format(*map(self.parameter, values)))

    def add_search(self, word: str) -> None:
        place = self.parameter(word)
        # Ids are all different, so that making text of each costs as much as all other columns.
        columns = (*_SEARCHED, "exchange_id") if _ID_PART.fullmatch(word) else _SEARCHED
        parts = (f"contains(lower({column}::VARCHAR), {place})" for column in columns)
        self._conditions.append(f"({' OR '.join(parts)})")

    def add_filter(self, name: str, values: list[str], or_null: bool) -> None:
        if name.startswith(_LABEL):
            column = f"labels[{self.parameter(name.removeprefix(_LABEL))}]"
        elif name in _AS_TEXT:
            column = _AS_TEXT[name]
        else:
            near = difflib.get_close_matches(name, _AS_TEXT, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(_AS_TEXT)}"
            raise ClientError(f"unknown filter {name!r}; {hint} (labels are 'label:KEY')")
        places = ", ".join(map(self.parameter, values))
        condition = f"{column} IN ({places})" if places else "false"
        self._conditions.append(f"({condition} OR {column} IS NULL)" if or_null else condition)


def _naive(instant: datetime) -> datetime:
    """As the ledger stores it: UTC without saying so."""
    return instant.astimezone(UTC).replace(tzinfo=None)
