"""Every link inside the documentation leads somewhere."""

from pathlib import Path

import pytest
from markdown import ROOT, anchors, links, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_page_and_a_heading(page: Path) -> None:
    """A relative link names a file of this tree; its fragment names a heading there."""
    broken = []
    for link in links(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        there = target.is_relative_to(ROOT) and target.exists()
        if not there or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page is an orphan."""
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        local = [link.partition("#")[0] for link in links(page) if "://" not in link]
        ahead += [(page.parent / path).resolve() for path in local if path]
    assert sorted(str(page.relative_to(ROOT)) for page in set(pages()) - seen) == []


def test_the_index_lists_every_page() -> None:
    """Who looks for a page finds it in `docs/README.md`; decisions have a list of their own."""
    docs = ROOT / "docs"
    for index in (docs / "README.md", docs / "decisions" / "README.md"):
        listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
        own = {
            page
            for page in pages()
            if page.is_relative_to(index.parent)
            and (page.parent == docs / "decisions") == (index.parent == docs / "decisions")
        }
        assert sorted(str(page) for page in own - listed - {index}) == []
