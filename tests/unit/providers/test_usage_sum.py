"""Sums of usages: what a row that stands for several prompts says."""

from weighbridge.core.usage import Usage
from weighbridge.providers.usage_sum import UsageSum


def test_an_empty_sum_reports_nothing() -> None:
    """Missing is not zero."""
    assert UsageSum().with_one(None) == Usage()


def test_a_split_adds_up_to_its_count_where_one_answer_had_none() -> None:
    """M6: what no list names is text."""
    total = UsageSum()
    total.add(Usage(input_tokens=10, output_tokens=2))
    total.add(
        Usage(
            input_tokens=20,
            input_text_tokens=5,
            input_image_tokens=0,
            input_audio_tokens=15,
            input_video_tokens=0,
            input_document_tokens=0,
        )
    )
    usage = total.with_one(None)

    assert (usage.input_tokens, usage.input_text_tokens, usage.input_audio_tokens) == (30, 15, 15)
    assert (usage.output_tokens, usage.output_text_tokens) == (2, None)


def test_one_more_is_not_kept() -> None:
    """An answer that may still grow is added for a look, and again as it ends."""
    total = UsageSum()
    total.add(Usage(input_tokens=10))
    looks = [total.with_one(Usage(input_tokens=more)).input_tokens for more in (1, 2)]

    assert looks == [11, 12]
    assert total.with_one(None).input_tokens == 10


def test_the_cliff_looks_at_the_largest_prompt() -> None:
    """M3: many small prompts are no large one."""
    total = UsageSum()
    for prompt in (150_000, 90_000):
        total.add(Usage(input_tokens=prompt))

    assert total.with_one(None).cliff_tokens == 150_000
