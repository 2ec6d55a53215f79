"""Layers, origins, and every problem at once."""

from pathlib import Path

import pytest

from weighbridge.config import Address, load
from weighbridge.errors import ConfigurationError


def _file(folder: Path, text: str) -> Path:
    file = folder / "w.toml"
    file.write_text(text)
    return file


def _problems(
    file: Path | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, tuple[str, object]] | None = None,
) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(file, environment, flags)
    return [str(problem) for problem in caught.value.problems]


def test_defaults() -> None:
    """Without any source every value is the contract's default."""
    settings = load().settings
    assert Address("127.0.0.1", 8080) == settings.gateway.listen
    assert Address("127.0.0.1", 8081) == settings.admin.listen
    assert settings.gateway.disconnect_drain_timeout_s == 60
    assert settings.gateway.drain_grace_s == 5
    assert settings.gateway.on_client_disconnect == "drain"
    assert settings.gateway.require_token is True
    assert str(settings.data) == "weighbridge-data"


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    """Each value comes from the strongest source that gives it, and says which."""
    file = _file(tmp_path, '[gateway]\nworkers = 2\nlisten = "127.0.0.1:1"\nrequire_token = false')
    environment = {
        "WEIGHBRIDGE_GATEWAY__LISTEN": "127.0.0.1:2",
        "WEIGHBRIDGE_GATEWAY__WORKERS": "3",
    }
    found = load(file, environment, {"gateway.workers": ("--workers", "4")})
    assert found.settings.gateway.workers == 4
    assert found.settings.gateway.listen.port == 2
    assert found.settings.gateway.require_token is False
    assert found.origins["gateway", "workers"] == "flag --workers"
    assert found.origins["gateway", "listen"] == "environment WEIGHBRIDGE_GATEWAY__LISTEN"
    assert found.origins["gateway", "require_token"] == str(file)


def test_lists_and_mappings_in_the_environment() -> None:
    """A list is commas or JSON; an entry of a mapping has a variable of its own."""
    environment = {
        "WEIGHBRIDGE_ATTRIBUTION__REQUIRED": "department, agent",
        "WEIGHBRIDGE_ATTRIBUTION__ALLOWED__DEPARTMENT": '["a,b", "c"]',
        "WEIGHBRIDGE_GATEWAY__UPSTREAMS__GEMINI": "http://127.0.0.1:9/",
    }
    settings = load(None, environment).settings
    assert settings.attribution.required == ["department", "agent"]
    assert settings.attribution.allowed.department == ["a,b", "c"]
    assert settings.gateway.upstreams == {"gemini": "http://127.0.0.1:9"}


def test_single_underscore_variables_belong_to_others() -> None:
    """`WEIGHBRIDGE_DATA` and a client's own variables are no settings."""
    assert load(None, {"WEIGHBRIDGE_DATA": "x", "WEIGHBRIDGE_KEY": "trk_test"}).origins == {}


def test_all_problems_at_once_with_origin_value_and_remedy(tmp_path: Path) -> None:
    """Unknown names, bad values and bad variables are all told in one go."""
    file = _file(
        tmp_path,
        '[gateway]\nmax_concurrent = 5\nlisten = "8080"\n[attribution]\nrequired = ["team"]\n'
        "[gatewai]\nlisten = 'x'\n",
    )
    told = _problems(file, {"WEIGHBRIDGE_GATEWAY__WORKERS": "many"})
    assert told == [
        (
            f"gateway.max_concurrent ({file}): no such setting; "
            "did you mean gateway.max_concurrent_exchanges?"
        ),
        f"gatewai.listen ({file}): no such setting; did you mean gateway.listen?",
        (
            f"gateway.listen ({file}): expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:0, "
            "got '8080'"
        ),
        (
            "gateway.workers (environment WEIGHBRIDGE_GATEWAY__WORKERS): input should be a valid "
            "integer, unable to parse string as an integer (or input should be 'auto'), got 'many'"
        ),
        (
            f"attribution.required ({file}): input should be 'department', 'project' or 'agent', "
            "got 'team'"
        ),
    ]


@pytest.mark.parametrize(
    "url", ["ftp://h", "http://h/path", "http://h?key=1", "http://", "http://h:99999", "h:80"]
)
def test_an_upstream_is_an_origin(url: str) -> None:
    """P3: nothing but scheme, host and port can be an upstream."""
    (told,) = _problems(flags={"gateway.upstreams.gemini": ("--upstream", url)})
    assert "gateway.upstreams.gemini (flag --upstream)" in told


def test_credentials_in_a_value_are_not_repeated() -> None:
    """A URL with a password is refused without printing it."""
    url = "http://user:hunter2@h"
    (told,) = _problems(flags={"gateway.upstreams.gemini": ("--upstream", url)})
    assert "hunter2" not in told


def test_unknown_upstream_name() -> None:
    """An upstream that does not exist is named as the value that it is."""
    (told,) = _problems(flags={"gateway.upstreams.gemni": ("--upstream", "http://h")})
    assert "gateway.upstreams.gemni (flag --upstream)" in told
    assert "'gemini' or 'vertex'" in told


def test_tls_needs_both_files(tmp_path: Path) -> None:
    """A certificate without its key is a problem of the section."""
    cert = tmp_path / "cert.pem"
    cert.write_text("x")
    (told,) = _problems(flags={"gateway.tls_cert": ("--tls-cert", str(cert))})
    assert "tls_cert and tls_key go together" in told


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that was named must exist."""
    missing = tmp_path / "no.toml"
    assert _problems(missing) == [
        f"--config: no such file or directory, got {missing}; name a TOML file"
    ]


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    """A syntax error names the file and the place."""
    (told,) = _problems(_file(tmp_path, "[gateway\n"))
    assert "not a TOML file" in told
    assert "line 1" in told


def test_a_heading_with_nothing_below_it(tmp_path: Path) -> None:
    """A section whose settings are all commented out is no problem; an unknown one is."""
    given = _file(tmp_path, "[gateway]\n# workers = 2\n[gateway.upstreams]\n[labels]\n")
    assert load(given).settings == load().settings
    (told,) = _problems(_file(tmp_path, "[gatewya]\n"))
    assert "gatewya" in told
    assert "no such setting" in told
