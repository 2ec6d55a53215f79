"""From the configuration to the byte path's settings, and to metric names."""

import subprocess
import sys
from typing import Any

import pytest

from weighbridge.compose.worker import gateway_settings, metric_names
from weighbridge.config import Settings
from weighbridge.config.model import GatewaySettings as Configured
from weighbridge.gateway.settings import CorsSettings, GatewaySettings


def _settings(**gateway: Any) -> Settings:
    return Settings.model_validate({"gateway": gateway})


def test_every_setting_of_the_byte_path_comes_from_the_configuration() -> None:
    """One name per thing: what the gateway takes is configurable under the same name."""
    of_elsewhere = {"labels", "cors"}
    assert set(GatewaySettings.__struct_fields__) - of_elsewhere <= set(Configured.model_fields)


def test_defaults_agree() -> None:
    """The configuration's defaults are the gateway's."""
    made = gateway_settings(_settings(node="n"))
    assert made == GatewaySettings(node="n")


def test_origins_of_pages_reach_the_byte_path() -> None:
    """What `cors` says is what the gateway answers browsers by."""
    cors = {"allowed_origins": ["https://App.example/"], "max_age_s": 5}
    made = gateway_settings(Settings.model_validate({"cors": cors}))
    assert made.cors == CorsSettings(allowed_origins=("https://app.example",), max_age_s=5)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "header"),
    [
        ("http://127.0.0.1:9001", "127.0.0.1", 9001, False, b"127.0.0.1:9001"),
        ("https://example.org", "example.org", 443, True, b"example.org"),
        ("http://[::1]:80/", "::1", 80, False, b"[::1]:80"),
    ],
)
def test_an_upstream_is_where_to_connect_and_what_to_say(
    url: str, host: str, port: int, tls: bool, header: bytes
) -> None:
    """P3: host and `Host` come from the configuration alone."""
    origin = gateway_settings(_settings(upstreams={"gemini": url})).upstreams["gemini"]
    assert (origin.host, origin.port, origin.tls, origin.host_header) == (host, port, tls, header)


def test_a_node_has_a_name_that_files_can_carry() -> None:
    """The host's name, where none is configured."""
    node = gateway_settings(_settings()).node
    assert node
    assert "/" not in node


def test_what_only_grows_is_a_counter() -> None:
    """Gauges keep their names; a version cannot be summed over workers."""
    assert metric_names({"exchanges": 2, "live_exchanges": 1, "policy_version": 7}) == {
        "exchanges_total": 2,
        "live_exchanges": 1,
    }


def test_a_worker_loads_no_store_and_no_web_framework() -> None:
    """It needs none of them; each worker would pay for them in memory and time to start."""
    program = (
        "import sys\nimport weighbridge.compose.worker\n"
        "loaded = {'duckdb', 'fastapi', 'sqlalchemy', 'sqlglot'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
