"""What models take and give at most."""

from weighbridge.pricing.limits import limits_of


def test_a_family_gives_its_limits() -> None:
    """Older models answer in fewer tokens."""
    assert limits_of("gemini-2.0-flash").answer_tokens == 8_192
    assert limits_of("gemini-3.8-flash").answer_tokens == 65_536
    assert limits_of("gemini-1.5-pro").prompt_tokens == 2_097_152


def test_a_model_that_nobody_names_has_the_largest() -> None:
    """A limit too small would let a cost pass its bound."""
    unknown = limits_of("somebody-9-huge")
    for name in ("gemini-2.5-pro", "claude-opus-5", "gemini-1.5-pro", "gemma-3"):
        assert unknown.prompt_tokens >= limits_of(name).prompt_tokens
        assert unknown.answer_tokens >= limits_of(name).answer_tokens
