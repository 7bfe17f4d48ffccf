"""Free ports of the loopback."""

import random
import socket

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 on macOS): a client
# that keeps calling a stopped server there may be given the server's own port, and then talks to itself.
RANGE = range(15_000, 30_000)
TRIES = 200
_untried: list[int] = []


def free_port() -> int:
    """Not handed out again before all others were: what a port was chosen for often listens there only later."""
    for _ in range(TRIES):
        if not _untried:
            _untried.extend(random.sample(RANGE, len(RANGE)))
        if is_free(port := _untried.pop()):
            return port
    raise OSError(f"no free port between {RANGE.start} and {RANGE.stop}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier server that the system still remembers do not matter, only a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
