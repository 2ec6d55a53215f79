"""The cost of an everyday call, prompt and answer all text, as the JSON that the row wants.

Hides a quick way to print money. The prices of a card are whole multiples of a power of ten of
pico-dollars, so amounts are kept in that unit, which leaves them seven digits, put together from
two tables; a tenth of the time of formatting them. Rules for future edits: exact integers only;
it gives the very bytes that `rating` comes to, or None (a property test compares).
Counterpart: `card.TextCall` has the prices, `gateway/everyday` asks.
"""

from typing import Final

import msgspec

from weighbridge.pricing.card import RateCard, TextCall

# Tables that are looked into take a tenth of the time of formatting a number.
_SMALL: Final = tuple(b"%07d" % number for number in range(10_000))
_SMALL_END: Final = len(_SMALL)
_COUNTS: Final = tuple(b"%d" % number for number in range(8192))
_COUNTS_END: Final = len(_COUNTS)
_DIGITS: Final = 7
_END: Final = 10**_DIGITS
_PLACES: Final = 12
_MOST_ZEROS: Final = _PLACES - _DIGITS
_TEXTS: Final = 6
_TEXTS_WITH_THINKING: Final = 8


class TextTariff(msgspec.Struct, frozen=True, gc=False):
    """The prices of one card for text up to its threshold, in units of `10**zeros` pico-dollars.

    `plain` and `thinking` are what stands around quantities and amounts, without and with a
    charge for thinking.
    """

    prompt: int
    answer: int
    thinking: int
    threshold: int
    plain: tuple[bytes, ...]
    with_thinking: tuple[bytes, ...]

    @classmethod
    def of(cls, card: RateCard) -> "TextTariff | None":
        """The tariff of a card, or None where it is free or lacks a price for text."""
        call = card.base.text_call
        if card.free or call is None:
            return None
        zeros = _common_zeros(call)
        unit = 10**zeros
        plain, with_thinking = _around(call.form, zeros), _around(call.thinking_form, zeros)
        if (len(plain), len(with_thinking)) != (_TEXTS, _TEXTS_WITH_THINKING):
            return None  # a name in the price book looks like a figure's place
        return cls(
            call.prompt_pico_usd // unit,
            call.answer_pico_usd // unit,
            call.thinking_pico_usd // unit,
            card.threshold,
            plain,
            with_thinking,
        )

    def members(self, prompt: int, answer: int, thinking: int) -> bytes | None:
        """`list_cost` and `charges` of a row as JSON, from the comma before to the brace behind.

        Takes: one token at least of prompt and answer each.
        Gives: None where the prompt is beyond the threshold, or the cost beyond seven digits.
        Example: 1,000 and 10 tokens at 0.30 and 2.50 USD a million, which are 3 and 25 units of
        100,000 pico-dollars: 3,000 + 250 = 3,250 units, `"list_cost":"0.000325000000"`.
        """
        prompt_cost = prompt * self.prompt
        answer_cost = answer * self.answer
        thinking_cost = thinking * self.thinking
        cost = prompt_cost + answer_cost + thinking_cost
        if cost >= _END or prompt > self.threshold:
            return None
        small = _SMALL
        if cost < _SMALL_END:
            cost_text = small[cost]
            prompt_amount, answer_amount = small[prompt_cost], small[answer_cost]
            thinking_amount = small[thinking_cost]
        else:
            cost_text = b"%07d" % cost
            prompt_amount, answer_amount = b"%07d" % prompt_cost, b"%07d" % answer_cost
            thinking_amount = b"%07d" % thinking_cost
        prompt_text = _COUNTS[prompt] if prompt < _COUNTS_END else b"%d" % prompt
        answer_text = _COUNTS[answer] if answer < _COUNTS_END else b"%d" % answer
        if not thinking:
            a, b, c, d, e, f = self.plain
            return b"".join((
                a, cost_text, b, prompt_text, c, prompt_amount, d, answer_text, e, answer_amount, f
            ))  # fmt: skip
        a, b, c, d, e, f, g, h = self.with_thinking
        thinking_text = _COUNTS[thinking] if thinking < _COUNTS_END else b"%d" % thinking
        return b"".join((
            a, cost_text, b, prompt_text, c, prompt_amount, d, answer_text, e, answer_amount,
            f, thinking_text, g, thinking_amount, h,
        ))  # fmt: skip


def _common_zeros(call: TextCall) -> int:
    """How many zeros all three prices end in; never so many that an amount has fewer places."""
    zeros = 0
    prices = (call.prompt_pico_usd, call.answer_pico_usd, call.thinking_pico_usd)
    while zeros < _MOST_ZEROS and not any(price % 10 ** (zeros + 1) for price in prices):
        zeros += 1
    return zeros


def _around(form: bytes, zeros: int) -> tuple[bytes, ...]:
    """The constant text of `list_cost` and charges: before, between and after the figures.

    Takes: the form of charges, which wants quantities as `%d` and amounts as `0.%012d`.
    """
    before, after = b"0" * (_MOST_ZEROS - zeros), b"0" * zeros
    pieces = form.replace(b"%012d", b"%d").split(b"%d")
    texts = [b',"list_cost":"0.' + before, after + b'","charges":' + pieces[0]]
    for number, piece in enumerate(pieces[1:]):
        amount_is_next = number % 2 == 0
        texts.append(piece + before if amount_is_next else after + piece)
    texts[-1] += b"}"
    return tuple(text.replace(b"%%", b"%") for text in texts)
