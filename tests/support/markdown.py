"""Reads the project's Markdown: pages, links, anchors and fenced blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the page it stands on, its language and its text."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.strip().splitlines()[0][:60]}"


@cache
def pages() -> tuple[Path, ...]:
    """Every page: the documentation, and those at the top of the tree."""
    return tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))


def blocks(*languages: str) -> list[Block]:
    """Fenced blocks of these languages, on any page."""
    return [
        Block(page, match[2], match[3])
        for page in pages()
        for match in _FENCE.finditer(page.read_text(encoding="utf-8"))
        if match[2] in languages
    ]


def links(page: Path) -> list[str]:
    """Targets of the page's links, without those in fenced blocks."""
    return _LINK.findall(_prose(page))


def anchors(page: Path) -> set[str]:
    """Names that a link's fragment may take on this page."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(_prose(page))
    }


def first_cells(page: Path, heading: str | None = None) -> list[str]:
    """Words in backticks in the first cells of a page's tables, or of one section's."""
    text = _prose(page)
    if heading is not None:
        text = re.split(rf"^#+ {re.escape(heading)} *$", text, flags=re.MULTILINE)[1]
        text = re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return [word for cell in _first_cells(text) for word in re.findall(r"`([^`]+)`", cell)]


def _first_cells(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield line.split("|")[1]


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))
