"""M9: which names are a model, and which only look like one."""

import datetime as dt

import pytest

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.names import NameIndex
from weighbridge.pricing.pricefile import Model


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("GEMINI-2.5-Flash", "gemini-2.5-flash"),
        ("gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("gemini-2.0-flash-lite-001", "gemini-2.0-flash-lite"),
        ("gemini-2.0-flash@001", "gemini-2.0-flash"),
        ("gemini-2.0-flash-lite-preview-02-05", "gemini-2.0-flash-lite"),
        ("gemini-2.5-flash-latest", "gemini-2.5-flash"),
        ("gemini-2.5-pro-latest", "gemini-2.5-pro"),
        ("gemini-flash-latest", "gemini-3.8-flash"),
        ("gemini-flash-lite-latest", "gemini-3.5-flash-lite"),
        ("gemini-pro-latest", "gemini-3.1-pro-preview"),
        ("gemini-2.5-pro-preview-03-25", "gemini-2.5-pro"),
        ("models/gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
        ("gemini-2.5-flash-preview-04-17", "gemini-2.5-flash-preview"),
        ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite"),
        ("gemini-2.5-flash-native-audio-preview-12-2025", "gemini-live-2.5-flash"),
        ("gemini-2.5-computer-use-preview-10-2025", "gemini-2.5-computer-use-preview"),
        ("gemini-3.1-pro-preview-customtools", "gemini-3.1-pro-preview"),
        ("nano-banana-pro-preview", "gemini-3-pro-image-preview"),
        ("gemini-1.5-flash-8b-001", "gemini-1.5-flash-8b"),
        ("gemini-1.5-pro-002", "gemini-1.5-pro"),
        ("gemini-embedding-001", "gemini-embedding-001"),
        ("gemini-embedding-2-preview", "gemini-embedding-2"),
        ("gemma-3-27b-it", "gemma-3"),
        ("gemini-2.0-flash-exp", "gemini-2.0-flash-exp"),
        ("imagen-3.0-generate-002", "imagen-3.0-generate"),
        ("imagen-4.0-ultra-generate-preview-06-06", "imagen-4.0-ultra-generate"),
        ("veo-3.1-fast-generate-preview", "veo-3.1-fast-generate"),
        ("publishers/google/models/veo-2.0-generate-001", "veo-2.0-generate"),
        ("lyria-3.5-pro-preview", "lyria-3.5"),
        ("text-embedding-005", "text-embedding-005"),
        ("gemini-2.5-flash-native-audio", "gemini-live-2.5-flash"),
    ],
)
def test_names_that_resolve(book: PriceBook, name: str | None, model: str) -> None:
    """Prefixes, dated forms, `-NNN`, `-latest` and the listed aliases."""
    assert book.resolve(name) == model


@pytest.mark.parametrize(
    "name",
    [
        "gemini-3.8-flash-lite",
        "gemini-3.7-flash-lite",
        "gemini-2.5-flash-turbo",
        "gemini-2.5-pro-exp-03-25",
        "gemini-2.5-flash-preview-11-2025",
        "gemini-2.0-flash-thinking-exp-01-21",
        "gemini-2.0-flash-exp-image-generation",
        "gemini-embedding-002",
        "gemini-2.5-flash-",
        "gemini-2.5-flash/../x",
        "tunedModels/gemini-2.5-flash",
        "projects/p/locations/us-central1/endpoints/123",
        "imagen-4.0-generate-turbo",
        "text-embedding",
        "claude-sonnet-4-5",
        "models/",
        "",
        None,
    ],
)
def test_names_that_only_look_alike(book: PriceBook, name: str | None) -> None:
    """Never by prefix: what is not listed is not priced."""
    assert book.resolve(name) is None


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"),
        ("claude-3-5-sonnet-v2-20241022", "claude-3-5-sonnet"),
        ("claude-opus-4-1@20250805", "claude-4-opus"),
        ("claude-sonnet-4@20250514", "claude-4-sonnet"),
        ("claude-opus-5-5@default", "claude-opus-5-5"),
        ("publishers/anthropic/models/claude-3-7-sonnet@20250219", "claude-3-7-sonnet"),
        ("claude-sonnet-4-2025", None),
        ("claude-sonnet-4-5-fast", None),
        ("claude-sonnet", None),
        ("gemini-2.5-flash", None),
    ],
)
def test_names_of_claude(book: PriceBook, name: str, model: str | None) -> None:
    """M9: Vertex dates with `@`, answers with `-`; another maker's models are not looked for."""
    assert book.resolve(name, provider="anthropic") == model


def test_served_beats_asked(book: PriceBook) -> None:
    """The model that answered is the model that is billed."""
    assert book.resolve("gemini-flash-latest", "gemini-3.6-flash") == "gemini-3.6-flash"


@pytest.mark.parametrize("served", ["gemini-2.5-flash-b7", "", None, "x" * 10_000])
def test_strange_model_version_never_loses_a_known_price(
    book: PriceBook, served: str | None
) -> None:
    """What was asked for decides where the served name is not known."""
    assert book.resolve("gemini-2.5-flash", served) == "gemini-2.5-flash"


def test_later_files_add_and_drop_names() -> None:
    """An overlay mends the names that the snapshot gave."""
    day = dt.date(2026, 11, 21)
    first = Model(id="a", names=("a-x", "a-y"), source="s", read=day)
    second = Model(id="a", names=("a-z",), drop_names=("a-x",), source="s", read=day)
    index = NameIndex([first, second])
    assert [index.find(name) for name in ("a", "a-x", "a-y", "a-z")] == ["a", None, "a", "a"]
    assert repr(index) == "<NameIndex 3 names>"
