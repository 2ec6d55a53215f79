"""A certificate authority and a server certificate for loopback, made at run time by openssl.

Nothing secret ships with the project, and a gateway can be given the authority's file to
trust, so that its TLS path is tested as it will be used.
"""

import shutil
import ssl
import subprocess
from pathlib import Path

import msgspec

_CONFIG = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Certificates(msgspec.Struct, frozen=True):
    """Files of one run: the authority to trust, the server's certificate and key."""

    ca_file: Path
    cert_file: Path
    key_file: Path

    def server_context(self) -> ssl.SSLContext:
        """For `Simulator.start`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts the authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))


def make_certificates(folder: Path) -> Certificates:
    """Makes both certificates in `folder`, valid for two days.

    Errors: `RuntimeError` where no openssl is installed, or it fails.
    """
    program = shutil.which("openssl")
    if program is None:
        raise RuntimeError("openssl is not installed; it is needed for --tls-listen")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "openssl.cnf"
    config.write_text(_CONFIG)
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority_key = folder / "ca.key"
    common = (program, "req", "-x509", "-days", "2", "-config", str(config), *_KEY)
    _run(
        *common, "-subj", "/CN=Weighbridge simulator CA", "-extensions", "authority",
        "-keyout", str(authority_key), "-out", str(made.ca_file),
    )  # fmt: skip
    _run(
        *common, "-subj", "/CN=localhost", "-extensions", "server",
        "-CA", str(made.ca_file), "-CAkey", str(authority_key),
        "-keyout", str(made.key_file), "-out", str(made.cert_file),
    )  # fmt: skip
    return made


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"openssl failed: {done.stderr.decode('utf-8', 'replace').strip()}")
