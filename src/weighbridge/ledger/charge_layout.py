"""How a row's charges are stored in DuckDB, and made whole again: `core/charge_columns` in SQL.

Hides the layout. Unit prices are stored as text, of which there are few; an `amount` that is
quantity times unit price is not stored. Whatever does not fit the plain columns (a fraction, an
amount of its own, a null, more charges than columns) stands in the list as it is, so nothing is
lost or rounded. Each charge has unit, quantity and amount: the journal's do, and imports without
are refused.

Rules for future edits: stored ledgers have this; expressions over `charges` are of the contract's
type. Counterpart: `schema` makes table, view and insertion of these.
"""

from typing import Final

from weighbridge.core.charge_columns import FIELDS, KINDS, LINES, QUANTITIES, SEPARATOR_CODE

LINES_TYPE: Final = (
    "STRUCT(unit VARCHAR, quantity BIGINT, fraction DECIMAL(18,6), unit_price VARCHAR, "
    "amount DECIMAL(18,12), price_id VARCHAR)[] NOT NULL"
)
# Added in this order after the list, which was there first.
ADDED: Final = ((KINDS, "VARCHAR"), *((name, "BIGINT") for name in QUANTITIES))

_PLAIN: Final = "has_plain_charges"
_SEPARATOR: Final = f"chr({SEPARATOR_CODE})"
_PRODUCT: Final = "c.quantity * c.unit_price"
_IS_PLAIN: Final = (
    f"c.amount = {_PRODUCT} AND c.quantity = trunc(c.quantity) "
    f"AND NOT contains(c.unit || c.price_id, {_SEPARATOR})"
)
_KINDS_OF: Final = (
    "array_to_string(list_transform(charges, lambda c: "
    f"c.unit || {_SEPARATOR} || c.unit_price::VARCHAR || {_SEPARATOR} || c.price_id), {_SEPARATOR})"
)
_LINES_OF: Final = (
    "list_transform(charges, lambda c: {'unit': c.unit, "
    "'quantity': trunc(c.quantity)::BIGINT, "
    "'fraction': nullif(c.quantity - trunc(c.quantity), 0), "
    "'unit_price': c.unit_price::VARCHAR, "
    f"'amount': CASE WHEN c.amount = {_PRODUCT} THEN NULL ELSE c.amount END, "
    "'price_id': c.price_id})"
)

_QUANTITY: Final = "(c.quantity + coalesce(c.fraction, 0))::DECIMAL(18,6)"
_PRICE: Final = "c.unit_price::DECIMAL(18,12)"
# Of the list alone, as ledgers had it before there were plain columns.
SEEN_IN_LINES: Final = (
    f"list_transform({LINES}, lambda c: {{'unit': c.unit, 'quantity': {_QUANTITY},"
    f" 'unit_price': {_PRICE}, 'amount': coalesce(c.amount, ({_QUANTITY} * "
    f"{_PRICE})::DECIMAL(18,12)), 'price_id': c.price_id}})"
)
_PARTS: Final = f"string_split({KINDS}, {_SEPARATOR})"
_NTH: Final = f"[{', '.join(QUANTITIES)}][i + 1]::DECIMAL(18,6)"
_NTH_PRICE: Final = f"{_PARTS}[{FIELDS} * i + 2]::DECIMAL(18,12)"
SEEN: Final = (
    f"CASE WHEN {KINDS} IS NULL THEN {SEEN_IN_LINES} ELSE "
    f"list_transform(range(len({_PARTS}) // {FIELDS}), lambda i: "
    f"{{'unit': {_PARTS}[{FIELDS} * i + 1], 'quantity': {_NTH}, 'unit_price': {_NTH_PRICE}, "
    f"'amount': ({_NTH} * {_NTH_PRICE})::DECIMAL(18,12), "
    f"'price_id': {_PARTS}[{FIELDS} * i + 3]}}) END"
)

COLUMNS: Final = (LINES, *(name for name, _ in ADDED))
# What each of these is of a relation that went through `sorted_out`.
STORED: Final = (
    f"CASE WHEN {_PLAIN} THEN [] ELSE coalesce({_LINES_OF}, []) END",
    f"CASE WHEN {_PLAIN} THEN {_KINDS_OF} END",
    *(
        f"CASE WHEN {_PLAIN} THEN charges[{n}].quantity::BIGINT END"
        for n in range(1, len(QUANTITIES) + 1)
    ),
)


def sorted_out(source: str) -> str:
    """The relation `source`, which has the contract's columns, with what `STORED` asks for."""
    others = f"list_filter(charges, lambda c: NOT coalesce({_IS_PLAIN}, FALSE))"
    plain = f"len(charges) BETWEEN 1 AND {len(QUANTITIES)} AND len({others}) = 0"
    return f"(SELECT *, coalesce({plain}, FALSE) AS {_PLAIN} FROM {source})"  # noqa: S608
