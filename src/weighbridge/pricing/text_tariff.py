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

_FOUR_DIGITS: Final = tuple(f"{number:04d}" for number in range(10_000))
_THREE_DIGITS: Final = tuple(f"{number:03d}" for number in range(1000))
_COUNTS: Final = tuple(str(number) for number in range(8192))
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
    plain: tuple[str, ...]
    with_thinking: tuple[str, ...]

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

    def members(self, prompt: int, answer: int, thinking: int) -> str | None:
        """`list_cost` and `charges` of a row as JSON members, without a comma before or after.

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
        prompt_text = _COUNTS[prompt] if prompt < _COUNTS_END else str(prompt)
        answer_text = _COUNTS[answer] if answer < _COUNTS_END else str(answer)
        four, three = _FOUR_DIGITS, _THREE_DIGITS
        if not thinking:
            a, b, c, d, e, f = self.plain
            return (
                f"{a}{four[cost // 1000]}{three[cost % 1000]}"
                f"{b}{prompt_text}{c}{four[prompt_cost // 1000]}{three[prompt_cost % 1000]}"
                f"{d}{answer_text}{e}{four[answer_cost // 1000]}{three[answer_cost % 1000]}{f}"
            )
        a, b, c, d, e, f, g, h = self.with_thinking
        thinking_text = _COUNTS[thinking] if thinking < _COUNTS_END else str(thinking)
        return (
            f"{a}{four[cost // 1000]}{three[cost % 1000]}"
            f"{b}{prompt_text}{c}{four[prompt_cost // 1000]}{three[prompt_cost % 1000]}"
            f"{d}{answer_text}{e}{four[answer_cost // 1000]}{three[answer_cost % 1000]}"
            f"{f}{thinking_text}{g}{four[thinking_cost // 1000]}{three[thinking_cost % 1000]}{h}"
        )


def _common_zeros(call: TextCall) -> int:
    """How many zeros all three prices end in; never so many that an amount has fewer places."""
    zeros = 0
    prices = (call.prompt_pico_usd, call.answer_pico_usd, call.thinking_pico_usd)
    while zeros < _MOST_ZEROS and not any(price % 10 ** (zeros + 1) for price in prices):
        zeros += 1
    return zeros


def _around(form: bytes, zeros: int) -> tuple[str, ...]:
    """The constant text of `list_cost` and charges: before, between and after the figures.

    Takes: the form of charges, which wants quantities as `%d` and amounts as `0.%012d`.
    """
    before, after = "0" * (_MOST_ZEROS - zeros), "0" * zeros
    pieces = form.decode().replace("%012d", "%d").split("%d")
    texts = [f'"list_cost":"0.{before}', f'{after}","charges":{pieces[0]}']
    for number, piece in enumerate(pieces[1:]):
        amount_is_next = number % 2 == 0
        texts.append(f"{piece}{before}" if amount_is_next else f"{after}{piece}")
    return tuple(text.replace("%%", "%") for text in texts)
