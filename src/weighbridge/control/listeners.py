"""The listening sockets of `serve`: bound once by the supervisor, inherited by its children.

They stay with the supervisor, so ports (also those chosen for port 0) and backlogs survive the
restart of any child. Each worker has its own socket on the same port (SO_REUSEPORT), so the
kernel spreads connections and no accept lock is shared.
"""

import errno
import os
import socket

from weighbridge.config import Address
from weighbridge.errors import StartError

BACKLOG = 4096


def bind_gateway(address: Address, workers: int) -> list[socket.socket]:
    """One listening socket per worker, all on one port.

    Errors: `StartError` where the address is taken or is none of ours.
    """
    # SO_REUSEPORT would let a second gateway of the same user share the port in silence.
    with _bind(address, reuse_port=False):
        pass
    first = _bind(address, reuse_port=True)
    same = Address(address.host, first.getsockname()[1])
    sockets = [first, *(_bind(same, reuse_port=True) for _ in range(workers - 1))]
    for each in sockets:
        each.listen(BACKLOG)
    return sockets


def bind_admin(address: Address) -> socket.socket:
    """The listening socket of the admin API.

    Errors: `StartError` as above.
    """
    bound = _bind(address, reuse_port=False)
    bound.listen(BACKLOG)
    return bound


def url(bound: socket.socket, host: str, *, tls: bool = False) -> str:
    """URL of a bound socket, under the host that was asked for."""
    scheme = "https" if tls else "http"
    return f"{scheme}://{Address(host, bound.getsockname()[1])}"


def _bind(address: Address, *, reuse_port: bool) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot(address, error) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(place)
        if not reuse_port:
            # Without listening, Linux lets SO_REUSEADDR share a port that only is bound.
            bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise _cannot(address, error) from None
    bound.setblocking(False)
    return bound


def _cannot(address: Address, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        hint = "another process listens there; stop it or choose another address"
    elif error.errno == errno.EACCES:
        hint = "this user may not listen there; choose a port from 1024 up"
    else:
        hint = "choose an address of this machine"
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such host"
    return StartError(f"cannot listen on {address}: {reason.lower()}; {hint}")
