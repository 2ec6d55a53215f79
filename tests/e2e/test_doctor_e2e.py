"""`weighbridge doctor` beside a served gateway, and before upstreams behind TLS."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from processes import Bridge, Process, weighbridge


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A simulator on TLS: `https`, and the authority's file `ca`."""
    folder = tmp_path_factory.mktemp("secure")
    listen = ("--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0")
    command = [sys.executable, "-m", "weighbridge.simulator", *listen, "--tls-folder", str(folder)]
    with Process(command, log=folder / "simulator.log", cwd=folder) as simulator:
        url = f"https://127.0.0.1:{urlsplit(simulator.fields['https']).port}"
        yield {"https": url, "ca": simulator.fields["ca"]}


def _doctor(*arguments: str, upstream: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Exit status and findings by check."""
    environment = os.environ | variables
    for name in ("GEMINI", "VERTEX"):
        environment[f"WEIGHBRIDGE_GATEWAY__UPSTREAMS__{name}"] = upstream
    done = subprocess.run(
        weighbridge("doctor", "--json", *arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    found = json.loads(done.stdout)
    return done.returncode, {one["check"]: one for one in found["findings"]}


def _failed(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in found.values() if one["level"] == "failure"]


def test_a_served_gateway_is_well(bridge: Bridge) -> None:
    """Socket, port, lock and both upstreams are found; a token in force is told."""
    token = bridge.token("doctor")
    status, found = _doctor(
        *("--data", str(bridge.data), "--gateway", bridge.url, "--token", token["token"]),
        upstream=bridge.upstream,
        GOOGLE_GEMINI_BASE_URL=f"{bridge.url}/-/{token['token']}/",
    )
    assert status == 0, _failed(found)
    for check in ("gateway.running", "gateway.ready", "gateway.port", "data.lock", "token"):
        assert found[check]["level"] == "ok", found[check]
    assert found["environment.google_gemini_base_url"]["level"] == "ok"
    assert token["token"] not in json.dumps(found)


def test_a_served_gateway_is_found_by_its_folder(bridge: Bridge) -> None:
    """Whatever port it got: `--gateway` is for those who ask from elsewhere."""
    status, found = _doctor("--data", str(bridge.data), upstream=bridge.upstream)
    assert status == 0, _failed(found)
    assert (found["gateway.port"]["level"], found["gateway.port"]["seen"]) == ("ok", bridge.url)


def test_an_upstream_behind_tls(secure: dict[str, str], tmp_path: Path) -> None:
    """With its authority the certificate is read; without it TLS fails."""
    data = ("--data", str(tmp_path / "data"))
    trusted = {"WEIGHBRIDGE_GATEWAY__UPSTREAM_CA_FILE": secure["ca"]}
    status, found = _doctor(*data, upstream=secure["https"], **trusted)
    assert status == 0, _failed(found)
    assert found["upstream.gemini.tls"]["level"] == "warning"  # made for two days
    assert "127.0.0.1" in found["upstream.gemini.tls"]["seen"]
    assert found["upstream.gemini.http"]["level"] == "ok"
    assert found["upstream.vertex.http"]["level"] == "ok"
    status, found = _doctor(*data, upstream=secure["https"])
    assert status == 1
    assert found["upstream.gemini.tls"]["level"] == "failure"
    assert "upstream_ca_file" in found["upstream.gemini.tls"]["advice"]
    assert "upstream.gemini.http" not in found


def test_a_gateway_on_its_own_certificate(
    serve: Callable[..., Bridge], secure: dict[str, str]
) -> None:
    """The port is asked over TLS, trusting what is configured."""
    folder = Path(secure["ca"]).parent
    tls = {"TLS_CERT": str(folder / "server.pem"), "TLS_KEY": str(folder / "server.key")}
    served = serve("--tls-cert", tls["TLS_CERT"], "--tls-key", tls["TLS_KEY"])
    variables = {f"WEIGHBRIDGE_GATEWAY__{name}": file for name, file in tls.items()}
    arguments = ("--data", str(served.data), "--gateway", served.url)
    status, found = _doctor(*arguments, upstream=served.upstream, **variables)
    assert status == 0, _failed(found)
    assert found["gateway.port"]["level"] == "ok"
