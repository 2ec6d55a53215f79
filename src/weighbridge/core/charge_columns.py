"""The columns of `exchange_lines` that tell an exchange's charges: what stores and reports share.

Nearly every exchange has a few charges of whole quantities, each of which costs its quantity times
its price, and few texts say all of what was charged for. So much stands in plain columns, which
add up many times faster than lists do:

    charge_kinds          unit, unit price and price id of each charge in turn, all joined by
                          `SEPARATOR`; null where the charges are of no such form, or none
    charge_1 … charge_6   the quantities, as many as there are charges
    charge_lines          all other charges, as a list; empty where `charge_kinds` is not null

Rules for future edits: stored ledgers have these columns; a change is a migration. Counterparts:
`ledger/charge_layout` writes and shows them, `reports/line_sums` adds them up.
"""

from typing import Final

KINDS: Final = "charge_kinds"
QUANTITIES: Final = tuple(f"charge_{n}" for n in range(1, 7))
LINES: Final = "charge_lines"
# Unit, unit price, price id.
FIELDS: Final = 3
# A unit separator, the character that ASCII has for this.
SEPARATOR_CODE: Final = 31
