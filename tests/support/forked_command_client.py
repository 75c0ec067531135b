"""The program of `forked_commands.get_forked_command()`. It imports little, because its start is what it saves."""

import os
import signal
import socket
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line in a fork of the process behind the socket, and end as it does."""
    import json

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    streams = [number for number in range(3) if is_open(number)]
    connection = open_connection(sys.argv[1])
    request = {
        "arguments": sys.argv[2:],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "streams": streams,
    }
    content = json.dumps(request).encode()
    socket.send_fds(connection, [len(content).to_bytes(4, "big")], streams)
    connection.sendall(content)
    for number in streams:
        os.close(number)
    with connection.makefile("rb") as replies:
        process = int(replies.readline())

        def pass_on(number: int, _: object) -> None:
            with suppress(ProcessLookupError):  # the fork has ended, and its status follows
                os.kill(process, number)

        for one in signals:
            signal.signal(one, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        status = int(replies.readline())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def is_open(descriptor: int) -> bool:
    """Whether a file descriptor is open."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def open_connection(path: str) -> socket.socket:
    """Connect to a socket, with a file descriptor that is not one of a closed standard stream."""
    import fcntl

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        return socket.socket(fileno=fcntl.fcntl(connection, fcntl.F_DUPFD_CLOEXEC, 3))


main()
