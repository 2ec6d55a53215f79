"""No binary fraction touches money: the syntax trees of money, pricing and ledger say so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src" / "weighbridge"
MONEY = [
    SOURCE / "core" / "money.py",
    SOURCE / "core" / "exchange.py",
    SOURCE / "core" / "usage.py",
]
FILES = sorted([*MONEY, *SOURCE.glob("pricing/**/*.py"), *SOURCE.glob("ledger/**/*.py")])
MONEY_WORDS = ("usd", "cost", "price", "amount", "money", "pico", "rate")


def floats(tree: ast.AST) -> Iterator[ast.AST]:
    """Every use of the name `float`, and every literal with a binary fraction."""
    for node in ast.walk(tree):
        named = isinstance(node, ast.Name) and node.id == "float"
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if named or literal:
            yield node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_float(path: Path) -> None:
    """In money and pricing none at all; in the ledger only where the name says seconds."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = [(node.lineno, lines[node.lineno - 1].strip()) for node in floats(ast.parse(text))]
    if "ledger" in path.relative_to(SOURCE).parts:
        found = [
            (number, line)
            for number, line in found
            if "_s" not in line.lower() or any(word in line.lower() for word in MONEY_WORDS)
        ]
    assert found == []


def test_the_search_finds_floats() -> None:
    """The test above can fail."""
    assert len(list(floats(ast.parse("x: float = 0.5\ny = 1\nz = float('1')")))) == 3


def test_money_and_pricing_are_among_the_files() -> None:
    """The globs lead somewhere."""
    names = {path.name for path in FILES}
    assert {"money.py", "rating.py", "card.py", "compiler.py"} <= names
