"""Names of models that the ledger may keep."""

import pytest

from weighbridge.providers.model_names import _kept, keep_model, made_by


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gemini-2.5-pro", "gemini-2.5-pro"),
        ("models/gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-05-06"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google/gemini-2.5-pro", "gemini-2.5-pro"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("claude-sonnet@20260101", "claude-sonnet@20260101"),
        ("x" * 256, "x" * 256),
        ("x" * 257, None),
        ("", None),
        ("models/", None),
        ("what is love?", None),
        ("prompt\n", None),
        ("モデル", None),
        (7, None),
        (None, None),
    ],
)
def test_only_a_bounded_plain_name_is_kept(name: object, expected: str | None) -> None:
    """Prefixes that name the same model go, and no prompt fits through (P1)."""
    assert keep_model(name) == expected


def test_what_is_no_name_is_not_remembered() -> None:
    """Names are looked at once; any other text is gone when the call ends."""
    keep_model("gemini-2.5-pro")
    names = _kept.cache_info().currsize
    assert keep_model("what is love, again?") is None
    assert keep_model("gemini-2.5-pro") == "gemini-2.5-pro"
    assert _kept.cache_info().currsize == names


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("meta/llama-4-scout-maas", ("meta", "llama-4-scout-maas")),
        ("google/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("publishers/anthropic/models/claude-x@1", ("anthropic", "claude-x@1")),
        ("publishers/google/models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gemini-2.5-pro", (None, "gemini-2.5-pro")),
        ("models/gemini-2.5-pro", (None, "gemini-2.5-pro")),
        ("endpoints/123", (None, "endpoints/123")),
        ("tunedModels/t", (None, "tunedModels/t")),
        ("projects/p/locations/l/publishers/anthropic/models/c@1", ("anthropic", "c@1")),
        ("projects/p/locations/l/endpoints/1", (None, "projects/p/locations/l/endpoints/1")),
        ("tell me/a secret", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_name_may_tell_who_makes_the_model(
    name: object, made: tuple[str | None, str | None]
) -> None:
    """Design B7: the provider is who makes the model."""
    assert made_by(name) == made
