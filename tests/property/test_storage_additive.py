"""M11: a cache costs the same however the time that it lies there is cut into accruals."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from weighbridge.core.clock import from_unix_us
from weighbridge.core.exchange import Charge
from weighbridge.core.money import decimal_to_pico
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.storage import rate_storage

BOOK = PriceBook.load()
MODELS = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-3.8-flash", "gemini-3-flash-preview")
HOUR_US = 3_600_000_000
NEW_YEAR = 1_798_761_600_000_000  # the day on which 3.8 Flash changes its price
INSTANTS = st.integers(NEW_YEAR - 400 * 24 * HOUR_US, NEW_YEAR + 400 * 24 * HOUR_US)
TOKENS = st.integers(1, 2_000_000) | st.sampled_from([1, 2048, 32_769, 1_000_001])


def charged(model: str, tokens: int, from_us: int, to_us: int) -> tuple[int, list[Charge]]:
    rating = rate_storage(BOOK, model, "vertex", "us-central1", tokens, from_us, to_us)
    assert rating.list_cost_pico is not None
    return rating.list_cost_pico, list(rating.charges)


def by_price(charges: list[Charge]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for charge in charges:
        found[charge.price_id] = found.get(charge.price_id, Decimal(0)) + Decimal(charge.quantity)
    return found


def test_the_new_year_is_the_new_year() -> None:
    """The instant above is the change that the book knows."""
    days = BOOK.change_days("gemini-3.8-flash")
    assert from_unix_us(NEW_YEAR).date() in days


@given(st.sampled_from(MODELS), TOKENS, st.lists(INSTANTS, min_size=2, max_size=8, unique=True))
@example("gemini-3.8-flash", 1, [NEW_YEAR - 1, NEW_YEAR, NEW_YEAR + 1, NEW_YEAR + HOUR_US])
def test_any_cut_of_the_time_adds_up(model: str, tokens: int, cuts: list[int]) -> None:
    """Cost and quantities alike, to the last digit, across changes of price."""
    cuts = sorted(cuts)
    whole, lines = charged(model, tokens, cuts[0], cuts[-1])
    parts = [charged(model, tokens, *span) for span in pairwise(cuts)]
    assert sum(cost for cost, _ in parts) == whole
    assert by_price([charge for _, charges in parts for charge in charges]) == by_price(lines)


@given(st.sampled_from(MODELS), TOKENS, INSTANTS, st.integers(1, 400 * 24))
def test_hourly_accruals_are_the_whole(model: str, tokens: int, from_us: int, hours: int) -> None:
    """An hour at a time, as the ledger accrues, or all at the end."""
    cuts = [from_us + hour * HOUR_US for hour in range(min(hours, 60) + 1)]
    whole, _ = charged(model, tokens, cuts[0], cuts[-1])
    assert sum(charged(model, tokens, *span)[0] for span in pairwise(cuts)) == whole


@given(st.sampled_from(MODELS), TOKENS, INSTANTS, st.integers(1, 10**13))
def test_amounts_are_products_and_never_off_by_more_than_a_step(
    model: str, tokens: int, from_us: int, length_us: int
) -> None:
    """Quantity times price, exactly; a step is a hundred-thousandth of a token-hour or less."""
    cost, charges = charged(model, tokens, from_us, from_us + length_us)
    quantity = sum((Decimal(charge.quantity) for charge in charges), Decimal(0))
    assert abs(quantity - Decimal(tokens) * length_us / HOUR_US) <= Decimal("0.00002")
    products = [Decimal(charge.quantity) * Decimal(charge.unit_price) for charge in charges]
    assert products == [Decimal(charge.amount) for charge in charges]
    assert decimal_to_pico(sum(products, Decimal(0))) == cost
