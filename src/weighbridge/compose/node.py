"""What this gateway is called in the ledger, the same in every process."""

import re
import socket

from weighbridge.config import Settings


def node_name(settings: Settings) -> str:
    """The configured name, else the host's, in the characters that a name may have."""
    return settings.gateway.node or _host_name()


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:63] or "gateway"
