"""Google's SDKs hold Live sessions through the gateway, with TLS: their Python one knows no other.

Each step is played against the upstream directly and through the gateway: what the SDK hands to
its caller is the same, and each session is one row.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import Bridge, Process
from sdk_programs import GENAI_LIVE, JS_GENAI_LIVE, Job, Program, play

from weighbridge.simulator.tls import make_certificates

_STEPS = {
    GENAI_LIVE: ("talk", "sound", "tools", "constrained", "music", "vertex"),
    JS_GENAI_LIVE: ("talk", "sound", "constrained"),
}
_OPERATIONS = {"constrained": ["createAuthToken", "live"], "music": ["liveMusic"]}


@dataclass(frozen=True)
class Scene:
    """An upstream and a gateway, and the authorities that vouch for both."""

    upstream: str
    bridge: Bridge
    trusted: Path

    def job(self, url: str, *steps: str, headers: dict[str, str] | None = None) -> Job:
        environment = {
            "SSL_CERT_FILE": str(self.trusted),
            "NODE_EXTRA_CA_CERTS": str(self.trusted),
        }
        return Job(url, steps, headers or {}, environment=environment)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    theirs, ours = (tmp_path_factory.mktemp(name) for name in ("theirs", "ours"))
    own = make_certificates(ours)
    listen = ("--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--pace", "0.02")
    command = [sys.executable, "-m", "weighbridge.simulator", *listen, "--tls-folder", str(theirs)]
    with Process(command, log=theirs / "simulator.log", cwd=theirs) as simulator:
        upstream, authority = simulator.fields["https"], Path(simulator.fields["ca"])
        trusted = ours / "trusted.pem"
        trusted.write_text(authority.read_text() + own.ca_file.read_text())
        config = ours / "w.toml"
        config.write_text(f'[gateway]\nupstream_ca_file = "{authority}"\n')
        tls = ("--tls-cert", str(own.cert_file), "--tls-key", str(own.key_file))
        vertex = ("--upstream", f"vertex={upstream}")
        with Bridge(ours, upstream, *vertex, "--config", str(config), *tls) as bridge:
            yield Scene(upstream.rstrip("/"), bridge, trusted)


@pytest.mark.slow
@pytest.mark.parametrize("program", _STEPS, ids=lambda program: program.file)
def test_an_sdk_hears_the_same_and_every_session_has_its_row(
    program: Program, scene: Scene
) -> None:
    """S7 with the clients that people use."""
    steps, agent = _STEPS[program], f"same-{program.file}"
    made = scene.bridge.command("token", "create", "--name", "live")
    headers = {"X-Weighbridge-Key": made["token"], "X-Agent": agent, "X-Project": "voice"}
    plain = play(program, scene.job(scene.upstream, *steps))
    weighed = play(program, scene.job(scene.bridge.url, *steps, headers=headers))

    assert [line["error"] for line in plain.values() if "error" in line] == []
    assert weighed == plain
    operations = [name for step in steps for name in _OPERATIONS.get(step, ["live"])]
    rows = scene.bridge.wait_for_rows(len(operations), agent=agent)
    assert [row["operation"] for row in rows] == operations
    for row in rows:
        _assert_weighed(row)


def _assert_weighed(row: dict[str, Any]) -> None:
    assert (row["project"], row["outcome"]) == ("voice", "ok")
    if row["operation"] == "createAuthToken":
        assert row["pricing_status"] == "free"
    elif row["operation"] == "liveMusic":
        assert (row["model"], row["pricing_status"]) == ("lyria-realtime-exp", "unmetered")
    else:
        assert (row["model"], row["usage_source"]) == ("gemini-3.8-live", "final")
        assert row["pricing_status"] == "priced"
        assert row["output_tokens"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("program", _STEPS, ids=lambda program: program.file)
def test_the_urls_prefix_is_enough_for_a_session(program: Program, scene: Scene) -> None:
    """What cannot set a header (a browser, say) is attributed by its base URL."""
    made = scene.bridge.command("token", "create", "--name", "live-prefix")
    agent = f"prefix-{program.file}"
    base_url = f"{scene.bridge.url}/-/{made['token']};department=web;agent={agent}/"
    transcript = play(program, scene.job(base_url, "bare", "music"))

    assert [line for line in transcript.values() if "error" in line] == []
    rows = scene.bridge.wait_for_rows(2, agent=agent)
    assert [(row["department"], row["operation"], row["usage_source"]) for row in rows] == [
        ("web", "live", "final"),
        ("web", "liveMusic", "none"),
    ]
