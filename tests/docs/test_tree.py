"""The tree works on any machine: no addresses of one index, no paths of one computer."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from markdown import ROOT

# Written in pieces, so that this file passes its own test.
_INDEX_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org")
_MACHINE_PATH = re.compile("(?<![\\w.])/(?:home|root|Users|work|opt/py" + "pi)/(?!…)")
_DISTRIBUTION_OF = {"prometheus_client": "prometheus-client", "vl_convert": "vl-convert-python"}


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_an_index_or_a_path_of_one_machine() -> None:
    """Whoever installs has an index of their own, and a folder of their own."""
    found = []
    for file in _files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named = [host for host in _INDEX_HOSTS if host in text]
        named += [match[0] for match in _MACHINE_PATH.finditer(text)]
        found += [f"{file.relative_to(ROOT)}: {word}" for word in named]
    assert found == []


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    return {re.split(r"[<>=\[; ]", line)[0].lower() for line in [*project["dependencies"], *extras]}


def test_every_package_that_is_imported_is_declared() -> None:
    """Nothing is used that only came along with something else."""
    allowed = _declared() | sys.stdlib_module_names | {"weighbridge"}
    # They are the declared packages' own foundations, and part of their public face.
    allowed |= {"pydantic", "pydantic_core", "starlette", "click"}
    missing = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                distribution = _DISTRIBUTION_OF.get(top, top.replace("_", "-"))
                if top not in allowed and distribution not in allowed:
                    missing.add(f"{top} in {file.relative_to(ROOT)}")
    assert sorted(missing) == []


def test_every_declared_package_is_pinned() -> None:
    """The constraints name each package that an install asks for."""
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)==", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(_declared() - {pin.lower().replace("_", "-") for pin in pins}) == []
