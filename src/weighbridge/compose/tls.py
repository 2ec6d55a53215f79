"""TLS contexts from the configuration: the gateway's own, and the one for upstreams."""

import ssl
from pathlib import Path

from weighbridge.config import Settings
from weighbridge.errors import ConfigurationError, Problem

_ALPN = ["http/1.1"]


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """The gateway's own TLS, or None where it serves in the clear.

    Errors: `ConfigurationError` where certificate and key are unusable.
    """
    gateway = settings.gateway
    if gateway.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key with a passphrase would ask for it on the terminal; there may be none.
        context.load_cert_chain(gateway.tls_cert, gateway.tls_key, password="")
    except (ssl.SSLError, OSError) as error:
        raise _unusable("gateway.tls_cert", gateway.tls_cert, error) from None
    context.set_alpn_protocols(_ALPN)
    return context


def upstream_context(settings: Settings) -> ssl.SSLContext:
    """TLS towards upstreams: certificates and host names are always checked.

    Errors: `ConfigurationError` where the file of certificates to trust is unusable.
    """
    file = settings.gateway.upstream_ca_file
    try:
        context = ssl.create_default_context(cafile=file)
    except (ssl.SSLError, OSError) as error:
        raise _unusable("gateway.upstream_ca_file", file, error) from None
    context.set_alpn_protocols(_ALPN)
    return context


def _unusable(where: str, file: Path | None, error: OSError) -> ConfigurationError:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    problem = Problem(
        where,
        f"cannot be used ({str(reason).lower().replace('_', ' ')})",
        str(file),
        remedy="give PEM files that belong together, the key without a passphrase",
    )
    return ConfigurationError([problem])
