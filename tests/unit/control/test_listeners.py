"""Binding the ports."""

import socket

import pytest

from weighbridge.config import Address
from weighbridge.control.listeners import bind_admin, bind_gateway, url
from weighbridge.errors import StartError


def test_every_worker_has_a_socket_on_the_same_chosen_port() -> None:
    """Port 0 is chosen once, for all."""
    sockets = bind_gateway(Address("127.0.0.1", 0), 3)
    ports = {each.getsockname()[1] for each in sockets}
    assert len(sockets) == 3
    assert len(ports) == 1
    assert url(sockets[0], "127.0.0.1") == f"http://127.0.0.1:{ports.pop()}"
    for each in sockets:
        each.close()


def test_a_taken_port_is_refused_also_where_it_could_be_shared() -> None:
    """A second gateway does not quietly take half of the first one's connections."""
    first = bind_gateway(Address("127.0.0.1", 0), 1)
    port = first[0].getsockname()[1]
    with pytest.raises(StartError, match="address already in use; another process"):
        bind_gateway(Address("127.0.0.1", port), 1)
    with pytest.raises(StartError, match=f"127.0.0.1:{port}"):
        bind_admin(Address("127.0.0.1", port))
    first[0].close()


def test_an_address_of_another_machine_is_refused() -> None:
    """What cannot be bound is told with what to do."""
    with pytest.raises(StartError, match="choose an address of this machine"):
        bind_gateway(Address("192.0.2.1", 0), 1)


def test_ipv6_addresses_are_written_in_brackets() -> None:
    """A URL of an IPv6 listener can be used as it is."""
    if not socket.has_ipv6:
        return
    bound = bind_admin(Address("::1", 0))
    assert url(bound, "::1", tls=True).startswith("https://[::1]:")
    bound.close()
