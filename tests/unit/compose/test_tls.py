"""TLS contexts from files."""

import ssl
from pathlib import Path

import pytest

from weighbridge.compose.serve import _check
from weighbridge.compose.tls import server_context, upstream_context
from weighbridge.config import Settings
from weighbridge.errors import ConfigurationError
from weighbridge.simulator.tls import make_certificates


def test_no_certificate_no_tls() -> None:
    """The gateway serves in the clear unless told otherwise."""
    assert server_context(Settings()) is None


def test_upstreams_are_always_verified(tmp_path: Path) -> None:
    """Own certificates are trusted in the place of the system's, never none at all."""
    ca_file = make_certificates(tmp_path).ca_file
    for given in ({}, {"upstream_ca_file": str(ca_file)}):
        context = upstream_context(Settings.model_validate({"gateway": given}))
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_files_that_cannot_be_used_are_told_together(tmp_path: Path) -> None:
    """Before any process is started, with what to do."""
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    given = {name: str(junk) for name in ("tls_cert", "tls_key", "upstream_ca_file")}
    rates = tmp_path / "rates.toml"
    rates.write_text("[[nonsense]]\n")
    settings = Settings.model_validate({"gateway": given, "pricing": {"overrides": str(rates)}})
    with pytest.raises(ConfigurationError) as caught:
        _check(settings)
    where = [problem.where for problem in caught.value.problems]
    assert {"gateway.tls_cert", "gateway.upstream_ca_file"} < set(where)
