"""Names of models that the ledger may keep."""

import pytest

from weighbridge.providers.model_names import _kept, keep_model


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gemini-2.5-pro", "gemini-2.5-pro"),
        ("models/gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-05-06"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
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
