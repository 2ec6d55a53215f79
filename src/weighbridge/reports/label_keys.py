"""Label keys with more distinct values than a report can show, found in one pass.

Hides the statement. A key whose values are folded counts as long as its folded word is seen: it
would be back at once. Rules for future edits: as in `compile`, built of sqlglot expressions only,
every value a bound parameter (P6); memory is eight bytes a distinct value, not its text.
Counterpart: `control/label_guard` asks every few minutes.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlglot import exp

from weighbridge.attribution.joined_labels import MANY
from weighbridge.reports.dialects import DIALECTS
from weighbridge.reports.service import Queryable

_MOST_KEYS: Final = 100


class LabelKey(NamedTuple):
    """A key and how many distinct values it had; `folded` says that some were `(many)`."""

    key: str
    values: int
    folded: bool


def noisy_label_keys(
    store: Queryable, since: datetime, threshold: int, *, timeout_ms: int | None = None
) -> list[LabelKey]:
    """Keys of rows since an instant with more values than `threshold`, the noisiest first.

    Gives: at most a hundred keys. Errors: the store's own, also after `timeout_ms`.
    """
    sql, params = label_keys_statement(since, threshold, store.dialect)
    rows = store.fetch(sql, params, timeout_ms=timeout_ms)
    return [LabelKey(key, int(values), bool(folded)) for key, values, folded in rows]


def label_keys_statement(
    since: datetime, threshold: int, dialect: str = "duckdb"
) -> tuple[str, list[Any]]:
    """The statement and its parameters."""
    engine = DIALECTS[dialect]
    keys, values = engine.label_items()
    items = (
        exp.select(keys.as_("key"), values.as_("item"))
        .from_("exchanges")
        .where(exp.column("started_at") >= engine.parameter(1))
    )
    distinct = exp.Count(this=exp.Distinct(expressions=[engine.hashed(exp.column("item"))]))
    is_folded = exp.func("BOOL_OR", exp.column("item").eq(engine.parameter(3)))
    select = (
        exp.select("key", distinct.as_("items"), is_folded.as_("folded"))
        .from_(items.subquery("labelled"))
        .group_by("key")
        .having(exp.or_(distinct.copy() > engine.parameter(2), is_folded.copy()))
        .order_by(exp.Ordered(this=exp.column("items"), desc=True), exp.column("key"))
        .limit(_MOST_KEYS)
    )
    params = [engine.bound_instant(since), threshold, MANY]
    return select.sql(dialect=engine.name, pretty=True), params
