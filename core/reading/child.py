"""A process that reads files for another one: `python -m core.reading.child SOCKET MEMORY_MB CPU_SECONDS`.

`core.reading.process` starts it, and nobody else does. Its standard input is a pipe that nobody writes to: when the
process that started it is gone, however that ended, the pipe closes and the system ends this one, whatever it is doing.
It reads from open files that are handed to it, and has no need of paths, network or settings.
"""

import fcntl
import logging
import os
import select
import socket
import sys
from collections.abc import Iterator
from typing import BinaryIO

from core.reading.limits import CpuAllowance, confine
from core.reading.messages import Buffers, Kind, Telling, message
from core.reading.request import Request, Task, receive_request
from data.formats.archive import entry_count
from data.formats.growing import is_growing
from data.formats.image_preview import grey_png
from data.formats.options import OutOfMemory
from data.formats.reading import read_stream

_STANDARD_INPUT, _STANDARD_ERROR = 0, 2


def main(arguments: list[str]) -> int:
    """Answer requests until nobody asks any more.

    Args:
        arguments: number of the socket, MiB of memory, seconds of processor.

    Returns:
        0.
    """
    number, memory_mb, cpu_seconds = (int(argument) for argument in arguments)
    _end_with_parent()
    with socket.socket(fileno=number) as link:
        logging.getLogger("data").setLevel(logging.INFO)
        logging.getLogger("data").addHandler(_Forwarding(link))
        confine(memory_mb)
        _send(link, message(Kind.READY))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, _STANDARD_ERROR)  # what a file makes libraries write is nobody's to read
        os.close(silence)
        while (asked := receive_request(link)) is not None:
            request, stream = asked
            with stream:
                try:
                    allowance = CpuAllowance(cpu_seconds, os.fstat(stream.fileno()).st_size)
                    for buffers in answers(request, stream, allowance):
                        _send(link, buffers)
                except MemoryError:
                    _send(link, Telling().message(OutOfMemory(request.name, "")))
            _send(link, message(Kind.END))
    return 0


def answers(request: Request, stream: BinaryIO, allowance: CpuAllowance) -> Iterator[Buffers]:
    """Do what a request asks for.

    Args:
        request: it.
        stream: the file.
        allowance: grows with what is given.

    Yields:
        Messages.
    """
    if request.task == Task.READ:
        telling = Telling()
        for number, item in enumerate(read_stream(request.name, stream, options=request.options)):
            allowance.count(number + 1)
            if number >= request.skip:
                yield telling.message(item)
    elif request.task == Task.GROWING:
        yield message(Kind.ANSWER, None, [b"1"] if is_growing(request.name, stream) else [])
    elif request.task == Task.COUNT:
        yield message(Kind.ANSWER, None, [b"%d" % entry_count(stream)])
    else:
        yield message(Kind.ANSWER, None, [grey_png(stream, request.options.max_pixels) or b""])


def _end_with_parent() -> None:
    """Let the system end this process as soon as standard input closes: SIGIO ends whoever does not handle it."""
    fcntl.fcntl(_STANDARD_INPUT, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(_STANDARD_INPUT, fcntl.F_SETFL, fcntl.fcntl(_STANDARD_INPUT, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([_STANDARD_INPUT], [], [], 0)[0]:  # closed before
        raise SystemExit(0)


def _send(link: socket.socket, buffers: Buffers) -> None:
    total = sum(len(buffer) for buffer in buffers)
    sent = link.sendmsg(buffers)
    if sent < total:
        link.sendall(b"".join(buffers)[sent:])


class _Forwarding(logging.Handler):
    """Hands what readers log to the process that asked."""

    def __init__(self, link: socket.socket) -> None:
        super().__init__(logging.INFO)
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        _send(self._link, message(Kind.LOG, self.format(record)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
