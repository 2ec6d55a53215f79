"""A gateway that nobody can administer yet prints a link for the first administrator."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
from processes import PATIENCE_S, Process, run, run_json, wait_until, weighbridge

_PASSWORD = "five wet lorries"


# Both streams in one pipe, so that lines come in the order in which they were written.
_ONE_STREAM = ("sh", "-c", 'exec "$0" "$@" 2>&1')


def _start(folder: Path) -> Process:
    ports = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--workers", "1")
    command = weighbridge("serve", "--data", str(folder / "data"), *ports)
    return Process([*_ONE_STREAM, *command], log=folder / "serve.log", cwd=folder)


def _lines(process: Process) -> list[str]:
    return process.log.read_text(errors="replace").splitlines()


def _links(process: Process) -> Callable[[], list[str]]:
    return lambda: [json.loads(line)["link"] for line in _lines(process) if '"link"' in line]


def _sign_up(link: str) -> httpx.Client:
    browser = httpx.Client(timeout=30)
    found = re.search(r'csrf_token" value="(\w+)"', browser.get(link).text)
    assert found is not None
    chosen = {"name": "Ada", "password": _PASSWORD, "again": _PASSWORD, "csrf_token": found[1]}
    assert browser.post(link, data=chosen).status_code == 303
    return browser


def test_the_first_administrator_signs_up_by_the_link(tmp_path: Path) -> None:
    """It is printed after the ready line, at each start until somebody is there."""
    with _start(tmp_path) as first:
        (unused,) = wait_until(_links(first), PATIENCE_S, "no link was printed")
        assert unused.startswith(first.fields["admin"])
        lines = _lines(first)
        ready = next(n for n, line in enumerate(lines) if line.startswith("ready gateway="))
        printed = next(n for n, line in enumerate(lines) if unused in line)
        assert ready < printed
    with _start(tmp_path) as second:
        _, link = wait_until(
            lambda: found if len(found := _links(second)()) == 2 else None, 15, "no second link"
        )
        assert httpx.get(link.replace(link[-32:], unused[-32:])).status_code == 404
        with closing(_sign_up(link)) as browser:
            me = browser.get(f"{second.fields['admin']}/api/v1/me").json()
            assert (me["name"], me["role"]) == ("Ada", "admin")
            assert browser.get(link).status_code == 404
    with _start(tmp_path) as third:
        (user,) = run_json("user", "list", "--json", "--data", str(tmp_path / "data"))["users"]
        assert user["name"] == "Ada"
        assert _links(third)() == [unused, link]


def test_links_of_the_command_lead_to_the_gateway_that_runs(tmp_path: Path) -> None:
    """To the port that it got, which no configuration knows."""
    with _start(tmp_path) as process:
        data = ("--data", str(tmp_path / "data"))
        made = run("user", "create", "--name", "ada", "--role", "admin", *data)
        (user,) = run_json("user", "list", "--json", *data)["users"]
        for said in (made, run("user", "reset-link", user["id"], *data)):
            assert said.startswith(f"{process.fields['admin']}/welcome/wbl_")
        assert httpx.get(said.strip()).status_code == 200


def test_the_link_of_a_demo_is_the_first_administrators(tmp_path: Path) -> None:
    """Its dashboard's link signs up while nobody is there, and is none of the log's lines."""
    ports = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--workers", "1")
    command = weighbridge("demo", "--data", str(tmp_path / "data"), "--rows", "0", *ports)
    with Process(command, log=tmp_path / "demo.log", cwd=tmp_path) as demo:
        said = re.compile(r"^open this once.*: (http\S+/welcome/\S+)$", re.MULTILINE)
        found = wait_until(
            lambda: said.search(demo.log.read_text(errors="replace")), 15, "no link was printed"
        )
        assert found[1].startswith(demo.fields["admin"])
        assert _links(demo)() == []
        with closing(_sign_up(found[1])) as browser:
            assert browser.get(f"{demo.fields['admin']}/overview").status_code == 200
