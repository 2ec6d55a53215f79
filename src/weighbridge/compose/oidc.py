"""The configured OpenID Connect provider, where there is one and its packages are installed."""

from importlib import import_module
from importlib.util import find_spec

from weighbridge.admin.ports_of_people import Oidc
from weighbridge.config.model import OidcSettings
from weighbridge.control.database import Database
from weighbridge.control.oidc_people import OidcPeople
from weighbridge.errors import ConfigurationError, Problem


def oidc_provider(settings: OidcSettings, database: Database) -> Oidc | None:
    """The provider, or None where none is configured.

    Errors: `ConfigurationError` where the extra is missing or the secret cannot be read.
    """
    if settings.issuer is None:
        return None
    if find_spec("authlib") is None or find_spec("joserfc") is None:
        message = "needs packages that are not installed; run pip install 'weighbridge[oidc]'"
        raise ConfigurationError([Problem("oidc.issuer", message)])
    secret = None
    if settings.client_secret_file is not None:
        try:
            secret = settings.client_secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot be read ({type(error).__name__})"
            raise ConfigurationError([Problem("oidc.client_secret_file", message)]) from None
    # Imported here, so that a gateway without a provider does not load Authlib.
    provider = import_module("weighbridge.control.oidc").OidcProvider
    made: Oidc = provider(settings, secret, OidcPeople(database))
    return made
