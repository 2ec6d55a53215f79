"""Makes the price snapshot from the installed `genai-prices` data.

Run as `python -m weighbridge.pricing.build`.
Hides that package's data model: match clauses become exact names, conditional prices become
dated statements, its price keys become our units. Updating prices is this command and nothing
else (see docs/explanation/price-book.md); a test regenerates the committed snapshot from the
pinned package and compares. Rules for future edits: deterministic, no clock, no network; what
the package gets wrong is put right in `data/overlay.toml`, not here.
Source: pydantic/genai-prices (MIT), read as data; our shape, no code of theirs.
"""

import datetime as dt
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.changes import changes
from weighbridge.pricing.pricefile import Model, Price, PriceFile, Surface, Tier, dump

PACKAGE: Final = "genai-prices"
DEFAULT_PATH: Final = Path(__file__).parent / "data" / "google.json"

# Whose models these are, by how their names begin. What the package lists of Claude under Google
# are the rates of Vertex AI's global endpoint; Anthropic's own are another list.
_MAKERS: Final = {"gemini": "google", "gemma": "google", "claude": "anthropic"}
_TAKEN: Final = re.compile(r"^(gemini|gemma|claude)-")
# The OpenRouter spellings (`gemini-flash-1.5`) are no names of Google's; Gemma 2 is priced there
# by OpenRouter, not by Google.
_LEFT_OUT: Final = frozenset(
    {"gemini-flash-1.5", "gemini-flash-1.5-8b", "gemini-pro-1.5", "gemma-2-27b-it"}
)
_UNIT_OF_KEY: Final = {
    "input_mtok": "input_text_token",
    "input_audio_mtok": "input_audio_token",
    "input_image_mtok": "input_image_token",
    "input_video_mtok": "input_video_token",
    "cache_read_mtok": "cached_input_text_token",
    "cache_audio_read_mtok": "cached_input_audio_token",
    "cache_write_mtok": "cache_write_input_token",
    "cache_write_1h_mtok": "cache_write_1h_input_token",
    "output_mtok": "output_text_token",
    "output_audio_mtok": "output_audio_token",
    "output_image_mtok": "output_image_token",
    "output_video_mtok": "output_video_token",
}
# Up to 2.5 Google bills a grounded prompt, from 3 on each query; the package has one key for
# both. The live model of 2.5 has its generation after the word.
_BILLED_PER_PROMPT: Final = re.compile(r"^gemini-(live-)?[12]\.")
# "verified on 2026-10-14", "Checked 2026-10-15", "added to the match on 2026-10-15"
_CHECK_DATE: Final = re.compile(r"(?:verified on|[Cc]hecked|match on) (\d{4}-\d{2}-\d{2})")


def snapshot() -> PriceFile:
    """The installed package's Google prices as a price file."""
    from genai_prices.data import providers  # noqa: PLC0415 - 1.6 MB that only this needs

    google = next(provider for provider in providers if provider.id == "google")
    infos = [m for m in google.models if _TAKEN.match(m.id) and m.id not in _LEFT_OUT]
    version = importlib.metadata.version(PACKAGE)
    source, as_of = f"{PACKAGE} {version}", _as_of(infos)
    return PriceFile(
        origin=f"{PACKAGE} {version} (MIT)",
        as_of=as_of,
        models=tuple(
            Model(
                id=info.id,
                provider=_maker(info.id),
                names=_names(info),
                source=source,
                read=as_of,
            )
            for info in infos
        ),
        prices=tuple(price for info in infos for price in _prices(info, source, as_of)),
    )


def update(path: Path, days: Iterable[dt.date]) -> list[str]:
    """Write a fresh snapshot to `path`; give a line for each price that changed on `days`.

    Errors: `ConfigurationError` where the file at `path` is no price file.
    """
    before = PriceBook.load(snapshot=path) if path.exists() else None
    path.write_bytes(dump(snapshot()))
    if before is None:
        return []
    after = PriceBook.load(snapshot=path)
    return [f"{day} {change}" for day in days for change in changes(before, after, day)]


def main(arguments: list[str]) -> int:
    """Write the snapshot to the path given, or over the packaged one; print what changed."""
    path = Path(arguments[0]) if arguments else DEFAULT_PATH
    made = snapshot()
    days = sorted({made.as_of, *(price.since for price in made.prices if price.since)})
    lines = update(path, days)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"{path}: {made.origin}, checked {made.as_of}, {len(lines)} changes\n")
    return 0


def _as_of(infos: Iterable[Any]) -> dt.date:
    """The newest day on which the package's own comments say that a price was checked."""
    comments = " ".join(info.price_comments or "" for info in infos)
    return max(dt.date.fromisoformat(text) for text in _CHECK_DATE.findall(comments))


def _maker(model: str) -> str:
    return _MAKERS[model.partition("-")[0]]


def _names(info: Any) -> tuple[str, ...]:
    """The literals of the match clauses, as exact names: never prefixes (see `names`)."""
    literals = {text.lower().rstrip("-@") for text in _literals(info.match)} - {info.id}
    return tuple(sorted(text for text in literals if _TAKEN.match(text)))


def _literals(clause: Any) -> Iterator[str]:
    for field in ("equals", "starts_with", "ends_with", "contains"):
        text = getattr(clause, field, None)
        if text is not None:
            yield text
    for field in ("or_", "and_"):
        for part in getattr(clause, field, ()):
            yield from _literals(part)


def _prices(info: Any, source: str, as_of: dt.date) -> Iterator[Price]:
    """Statements of one model: the standard rates, then each tier that is priced by itself."""
    yield from _dated(info.id, "standard", _blocks(info.prices), source, as_of)
    by_tier: dict[Tier, list[tuple[dt.date | None, Any]]] = {}
    for variant in info.price_variants or ():
        start = variant.constraint.start_date if variant.constraint else None
        by_tier.setdefault(_tier(variant.when), []).append((start, variant.prices))
    for tier, blocks in by_tier.items():
        yield from _dated(info.id, tier, blocks, source, as_of)


def _blocks(prices: Any) -> list[tuple[dt.date | None, Any]]:
    if not isinstance(prices, list):
        return [(None, prices)]
    return [(block.constraint and block.constraint.start_date, block.prices) for block in prices]


def _tier(when: dict[str, str]) -> Tier:
    """Tier of a variant's condition: `{"processing": "batch"}`, `{"service_tier": "flex"}`.

    Errors: `KeyError` for a condition that is new to us, so that an update cannot lose prices.
    """
    known: dict[tuple[tuple[str, str], ...], Tier] = {
        (("processing", "batch"),): "batch",
        (("service_tier", "flex"),): "flex",
        (("service_tier", "priority"),): "priority",
    }
    return known[tuple(when.items())]


def _dated(
    model: str,
    tier: Tier,
    blocks: list[tuple[dt.date | None, Any]],
    source: str,
    as_of: dt.date,
) -> Iterator[Price]:
    """One statement for each block, from its day until the next block's."""
    blocks = sorted(blocks, key=lambda block: block[0] or dt.date.min)
    ends = [start for start, _ in blocks[1:]] + [None]
    for (start, prices), end in zip(blocks, ends, strict=True):
        rates, above = _rates(model, prices)
        starts = {tokens for tokens, _ in above.values()}
        if len(starts) > 1:
            raise ValueError(f"{model} has more than one prompt-size threshold: {starts}")
        yield Price(
            models=(model,),
            source=source,
            read=as_of,
            surface=_surface(model, rates),
            free=not rates,
            tier=tier,
            since=start,
            until=end,
            rates=rates,
            above_tokens=starts.pop() if starts else None,
            rates_above={name: rate for name, (_, rate) in above.items()},
        )


def _surface(model: str, rates: dict[str, str]) -> Surface | None:
    """Claude is called on Vertex only.

    Gemma without rates is free of charge on the Developer API; on Vertex it runs on machines
    that are billed by the hour.
    """
    if _maker(model) == "anthropic":
        return "vertex"
    return None if rates else "gemini"


def _rates(model: str, prices: Any) -> tuple[dict[str, str], dict[str, tuple[int, str]]]:
    """Rates by our units, and the rates above a prompt size with that size.

    Errors: `KeyError` for a price key that is new to us.
    """
    rates: dict[str, str] = {}
    above: dict[str, tuple[int, str]] = {}
    for key, value in prices.__dict__.items():
        if value is None:
            continue
        unit = _search_unit(model) if key == "web_searches_kcount" else _UNIT_OF_KEY[key]
        if isinstance(value, Decimal):
            rates[unit] = str(value)
        else:
            (tier,) = value.tiers
            rates[unit], above[unit] = str(value.base), (tier.start, str(tier.price))
    return rates, above


def _search_unit(model: str) -> str:
    if _maker(model) == "anthropic":
        return "web_search"
    return "search_prompt" if _BILLED_PER_PROMPT.match(model) else "search_query"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
