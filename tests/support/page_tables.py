"""Tables of a page's HTML, row by row, as a reader sees them: texts, and where names lead."""

import html
import re

_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
_HREF = re.compile(r'href="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")


def table_links(page: str, name: str) -> dict[str, str]:
    """Where the first cell of each row of a table leads, by its text; rows without a link too."""
    return {texts[0]: href for texts, href in _rows(page, name)}


def table_texts(page: str, name: str) -> list[list[str]]:
    """The texts of a table's rows."""
    return [texts for texts, _ in _rows(page, name)]


def _rows(page: str, name: str) -> list[tuple[list[str], str]]:
    section = page.split(f'data-live="t-{name}"', 1)[1].split("</section>", 1)[0]
    body = section.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = []
    for row in _ROW.findall(body):
        cells = _CELL.findall(row)
        href = _HREF.search(cells[0])
        texts = [html.unescape(_TAG.sub("", cell)).strip() for cell in cells]
        rows.append((texts, html.unescape(href[1]) if href else ""))
    return rows
