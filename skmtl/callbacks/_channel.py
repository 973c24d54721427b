"""Messages from worker processes to the process that opened the channel.

The callbacks of a grid search are pickled to its workers, while the display stays in the main
process. `open_channel` returns an address that may be pickled; whoever holds it can `send`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock, Thread
from typing import Any

# Number of connections that may wait to be accepted if many workers start at once.
_BACKLOG = 128


@dataclass(frozen=True)
class Address:
    """The address of a channel."""

    path: Any
    process: int
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class _Channel:
    listener: Listener
    receive: Callable[[Any], None]


# Both belong to this process: pickled callbacks only have addresses.
_channels: dict[Address, _Channel] = {}
_connections: dict[tuple[int, Address], Connection] = {}
_sending = Lock()


def open_channel(receive: Callable[[Any], None]) -> Address:
    """Call `receive`, which must be thread-safe, with every message sent to the address."""
    key = os.urandom(32)
    listener = Listener(authkey=key, backlog=_BACKLOG)
    address = Address(listener.address, os.getpid(), key)
    _channels[address] = _Channel(listener, receive)
    Thread(target=_accept, args=(listener, receive), daemon=True).start()
    return address


def close_channel(address: Address) -> None:
    """Stop listening; all messages that were sent have been received."""
    _channels.pop(address).listener.close()


def send(address: Address, message: Any) -> None:
    """Deliver a message; returns once it has been received."""
    if address.process == os.getpid():
        _channels[address].receive(message)
        return
    with _sending:
        # A forked worker must not write to the connection of its parent.
        connection = (os.getpid(), address)
        if connection not in _connections:
            _connections[connection] = Client(address.path, authkey=address.key)
        _connections[connection].send(message)
        _connections[connection].recv()  # the receipt


def _accept(listener: Listener, receive: Callable[[Any], None]) -> None:
    while True:
        try:
            connection = listener.accept()
        except OSError:  # the channel is closed
            return
        Thread(target=_pass_on, args=(connection, receive), daemon=True).start()


def _pass_on(connection: Connection, receive: Callable[[Any], None]) -> None:
    try:
        while True:
            receive(connection.recv())
            connection.send(None)
    except (EOFError, OSError):  # the worker is gone
        return
