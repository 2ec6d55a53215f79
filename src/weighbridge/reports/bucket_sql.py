"""In which bucket of time a row lies: the arithmetic of `zones.bucket_key` as SQL.

Hides offsets and calendars. Rules for future edits: as in `compile`, built of sqlglot; what stands
in the text is numbers and instants of the zone's table, nothing that came with a query.
Counterpart: `zones` has the same in Python, to which tests hold this.
"""

from datetime import datetime
from itertools import pairwise

from sqlglot import exp

from weighbridge.core.clock import from_unix_us
from weighbridge.reports.dialects import Dialect
from weighbridge.reports.zones import DAY_US, MONDAY_SHIFT_DAYS, REAL_TIME_US, Segment


class Buckets:
    """Buckets of one granularity over a range whose offsets are known."""

    def __init__(self, granularity: str, offsets: tuple[Segment, ...], dialect: Dialect) -> None:
        self._granularity = granularity
        self._offsets = offsets
        self._dialect = dialect

    def __repr__(self) -> str:
        return f"<Buckets of a {self._granularity}, {len(self._offsets)} offsets>"

    def of_rows(self) -> exp.Expr:
        """The bucket of a raw row, of months still the day."""
        now = self._dialect.unix_us(exp.column("started_at"))
        if size := REAL_TIME_US.get(self._granularity):
            shift = self._by_offset({s: s.offset_us % size for s in self._offsets})
            start = exp.Mul(this=_int_div(_plus(now, shift), size), expression=_number(size))
            return start if shift is None else exp.Sub(this=start, expression=shift.copy())
        week = self._granularity == "week"
        earlier = MONDAY_SHIFT_DAYS * DAY_US if week else 0
        shift = self._by_offset({s: s.offset_us + earlier for s in self._offsets})
        return _int_div(_plus(now, shift), 7 * DAY_US if week else DAY_US)

    def calendar(self, bucket: exp.Expr) -> exp.Expr:
        """The bucket that `of_rows` stands for: the month of a day, else itself."""
        month = self._granularity == "month"
        return self._dialect.month_of_day(bucket) if month else bucket

    def _by_offset(self, values: dict[Segment, int]) -> exp.Expr | None:
        """`values` by the segment that `started_at` lies in, without a case where all agree."""
        if len(set(values.values())) == 1:
            value = next(iter(values.values()))
            return _number(value) if value else None
        case = exp.case()
        parts = list(values.items())
        for (_, value), (following, next_value) in pairwise(parts):
            if value != next_value:
                case = case.when(_before(from_unix_us(following.start_us)), _number(value))
        return exp.paren(case.else_(_number(parts[-1][1])))


def _before(instant: datetime) -> exp.Expr:
    literal = exp.Literal.string(instant.strftime("%Y-%m-%d %H:%M:%S"))
    return exp.column("started_at") < exp.cast(literal, "timestamp")


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _plus(value: exp.Expr, shift: exp.Expr | None) -> exp.Expr:
    return value if shift is None else exp.paren(exp.Add(this=value, expression=shift))


def _int_div(value: exp.Expr, size: int) -> exp.Expr:
    return exp.IntDiv(this=value, expression=_number(size))
