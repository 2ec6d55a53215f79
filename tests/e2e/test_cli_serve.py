"""`weighbridge serve` as users see it: readiness, restarts, draining, and commands beside it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from family import alive, children
from processes import PATIENCE_S, Bridge, Process, run_json, wait_until, weighbridge

_BODY = {"contents": [{"parts": [{"text": "hello"}]}]}
_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"


def _call(bridge: Bridge, token: str) -> httpx.Response:
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTserve"}
    return httpx.post(f"{bridge.url}{_PATH}", json=_BODY, headers=headers, timeout=30)


@pytest.fixture
def two_workers(serve: Callable[..., Bridge]) -> Iterator[Bridge]:
    """A gateway with two workers."""
    return serve("--workers", "2")


def test_a_token_made_beside_the_gateway_is_in_force_when_the_command_ends(
    two_workers: Bridge,
) -> None:
    """B7: creation and revocation are in force at once, on every worker."""
    made = two_workers.command("token", "create", "--name", "n", "--department", "d")
    for _ in range(8):  # connections spread over both workers
        assert _call(two_workers, made["token"]).status_code == 200
    two_workers.command("token", "revoke", made["id"])
    for _ in range(8):
        assert _call(two_workers, made["token"]).status_code == 401


def test_any_child_may_be_killed_and_the_ports_stay(two_workers: Bridge) -> None:
    """B7: chosen ports survive; the gateway serves on under its policy; no row is lost."""
    token = two_workers.command("token", "create", "--name", "n")["token"]
    assert _call(two_workers, token).status_code == 200
    before = children(two_workers.process.pid)
    assert set(before) == {"control", "worker 0", "worker 1"}
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda name=name, pid=pid: children(two_workers.process.pid).get(name, pid) != pid,
            PATIENCE_S,
            f"{name} was not restarted",
        )
        # A connection that waits for the restarted worker is in the backlog, not refused.
        assert _call(two_workers, token).status_code == 200
    wait_until(lambda: _answers(f"{two_workers.admin_url}/readyz"), PATIENCE_S, "not ready")
    rows = two_workers.wait_for_rows(4)
    # An answer that ended just before the kill may be booked as interrupted; never as nothing.
    assert {row["outcome"] for row in rows} <= {"ok", "interrupted"}


def test_workers_need_no_control_process(two_workers: Bridge) -> None:
    """Design C: with it away, calls are admitted and metered; their rows come when it is back."""
    token = two_workers.command("token", "create", "--name", "n")["token"]
    control = children(two_workers.process.pid)["control"]
    os.kill(control, signal.SIGSTOP)
    try:
        for _ in range(4):
            assert _call(two_workers, token).status_code == 200
    finally:
        os.kill(control, signal.SIGKILL)
    wait_until(
        lambda: children(two_workers.process.pid).get("control", control) != control,
        PATIENCE_S,
        "control was not restarted",
    )
    wait_until(
        lambda: _answers(f"{two_workers.admin_url}/healthz"), 15, "the admin API is not back"
    )
    two_workers.wait_for_rows(4)


def test_the_control_process_yields_to_workers(serve: Callable[..., Bridge]) -> None:
    """A heavy report takes no core from the calls that pass."""
    of = children(serve().process.pid)
    nice = {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in of.items()}
    assert nice["control"] > nice["worker 0"]


def test_sigterm_drains_loads_everything_and_ends_with_0(serve: Callable[..., Bridge]) -> None:
    """S9: a second SIGTERM changes nothing; what was booked is in the ledger, nothing complains."""
    bridge = serve()
    token = bridge.command("token", "create", "--name", "n")["token"]
    for _ in range(3):
        assert _call(bridge, token).status_code == 200
    ended = children(bridge.process.pid)
    bridge.process.send(signal.SIGTERM)
    bridge.process.send(signal.SIGTERM)
    assert bridge.process.wait() == 0
    assert not any(alive(pid) for pid in ended.values())
    assert "leaked" not in bridge.process.log.read_text()
    document = run_json("report", "--data", str(bridge.data), "--json")
    assert document["totals"]["exchanges"] == 3
    assert list((bridge.data / "journal" / "sealed").iterdir()) == []


def test_no_child_outlives_a_killed_supervisor(serve: Callable[..., Bridge]) -> None:
    """`kill -9` of `serve` itself: its children see their pipes end, drain and go."""
    bridge = serve()
    ended = children(bridge.process.pid)
    bridge.process.send(signal.SIGKILL)
    bridge.process.wait()
    wait_until(
        lambda: not any(alive(pid) for pid in ended.values()), PATIENCE_S, "a child lives on"
    )


def test_the_answer_is_the_same_with_and_without_the_gateway(
    serve: Callable[..., Bridge],
) -> None:
    """B2: commands over the socket and on the folder itself agree."""
    bridge = serve()
    token = bridge.command("token", "create", "--name", "n", "--department", "d")
    assert _call(bridge, token["token"]).status_code == 200
    bridge.wait_for_rows(1)
    asks = (
        ("token", "list"),
        ("key", "list"),
        ("report", "--by", "department,model"),
        ("models", "--at", "2026-11-21"),
        ("tail", "--no-follow"),
    )
    served = [_output(bridge, *ask) for ask in asks]
    bridge.process.stop()
    assert [_output(bridge, *ask) for ask in asks] == served


def test_a_second_gateway_on_the_folder_or_the_port_is_refused(
    serve: Callable[..., Bridge], tmp_path: Path
) -> None:
    """One line on stderr, status 1, and the first is not disturbed."""
    bridge = serve()
    same_folder = _serve_and_fail("--data", str(bridge.data), "--listen", "127.0.0.1:0")
    assert same_folder.startswith("weighbridge: another Weighbridge works in")
    port = bridge.url.rpartition(":")[2]
    same_port = _serve_and_fail("--data", str(tmp_path / "other"), "--listen", f"127.0.0.1:{port}")
    assert same_port.startswith(f"weighbridge: cannot listen on 127.0.0.1:{port}")
    assert bridge.process.exit_status is None


def test_tail_shows_an_exchange_as_it_comes(serve: Callable[..., Bridge], tmp_path: Path) -> None:
    """Cost and attribution of a live call, printed by a command beside the gateway."""
    bridge = serve()
    token = bridge.command("token", "create", "--name", "n", "--department", "dept-tail")
    shown = tmp_path / "tail.log"
    with shown.open("wb") as out:
        tail = subprocess.Popen(
            weighbridge("tail", "--data", str(bridge.data), "--filter", "department=dept-tail"),
            stdout=out,
        )
        try:
            assert _call(bridge, token["token"]).status_code == 200
            wait_until(
                lambda: "dept-tail/-/-" in shown.read_text(), PATIENCE_S, "tail shows nothing"
            )
        finally:
            tail.terminate()
            tail.wait(10)
    assert "gemini-2.5-flash" in shown.read_text()


def test_metrics_count_what_passed(serve: Callable[..., Bridge]) -> None:
    """Workers' counters reach `/metrics` within two seconds."""
    bridge = serve()
    token = bridge.command("token", "create", "--name", "n")["token"]
    assert _call(bridge, token).status_code == 200
    wait_until(
        lambda: "weighbridge_exchanges_total 1.0" in httpx.get(f"{bridge.admin_url}/metrics").text,
        PATIENCE_S,
        "the exchange is not counted",
    )


def test_the_demo_shows_numbers_that_move(tmp_path: Path) -> None:
    """`weighbridge demo`: history and live calls, with no key and no other service."""
    options = ("--data", str(tmp_path / "demo"), "--rows", "2000", "--rate", "20")
    listen = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--workers", "1")
    with Process(
        weighbridge("demo", *options, *listen), log=tmp_path / "demo.log", cwd=tmp_path
    ) as demo:

        def exchanges() -> int:
            ask = ("report", "--data", str(tmp_path / "demo"), "--json")
            count: int = run_json(*ask)["totals"]["exchanges"]
            return count

        wait_until(lambda: exchanges() > 2000, PATIENCE_S, lambda: f"{exchanges()} exchanges")
        budgets = run_json("budget", "list", "--data", str(tmp_path / "demo"), "--json")["budgets"]
        assert {each["action"] for each in budgets} == {"alert", "block"}
        demo.send(signal.SIGTERM)
        assert demo.wait() == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


def _output(bridge: Bridge, *arguments: str) -> str:
    done = subprocess.run(
        weighbridge(*arguments, "--data", str(bridge.data), "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return "\n".join(line for line in done.stdout.splitlines() if '"as_of"' not in line)


def _serve_and_fail(*options: str) -> str:
    done = subprocess.run(
        weighbridge("serve", "--admin-listen", "127.0.0.1:0", *options),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr
