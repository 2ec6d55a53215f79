"""Configuration: one TOML file, `WEIGHBRIDGE_SECTION__KEY` overrides, flags beat both.

pydantic-settings is not used for the layers: it neither says which source a value came from
nor objects to a variable that names no setting, and both are the point here.
"""

from weighbridge.config.address import Address
from weighbridge.config.load import Configuration, load, load_from_process, process_environment
from weighbridge.config.model import GatewaySettings, Settings

__all__ = [
    "Address",
    "Configuration",
    "GatewaySettings",
    "Settings",
    "load",
    "load_from_process",
    "process_environment",
]
