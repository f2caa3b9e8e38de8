"""What a reading process is asked, and how a request and its open file get there."""

import io
import pickle
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath
from typing import BinaryIO

from data.formats import ReadOptions

_HEAD = struct.Struct("<Q")
_AT_ONCE = 64 * 1024


class Task(IntEnum):
    """What is wanted of a file."""

    READ = 1
    PICTURE = 2
    GROWING = 3
    COUNT = 4


@dataclass(frozen=True)
class Request:
    """What a reading process is asked; the open file goes with it.

    Args:
        task: what is wanted.
        name: of the file.
        options: how to read it.
        skip: how many wafers and failures the asker has already.
    """

    task: Task
    name: str
    options: ReadOptions
    skip: int = 0


def send_request(link: socket.socket, request: Request, stream: BinaryIO) -> None:
    """Send a request and hand over an open file; nothing of the file is copied.

    Raises:
        OSError: the process has ended.
    """
    packed = pickle.dumps(request)  # this way alone: a reading process trusts the one that started it
    said = _HEAD.pack(len(packed)) + packed
    link.sendall(said[socket.send_fds(link, [said], [stream.fileno()]) :])


def receive_request(link: socket.socket) -> tuple[Request, BinaryIO] | None:
    """Wait for a request and its open file; None when nobody asks any more."""
    said, files, _, _ = socket.recv_fds(link, _AT_ONCE, 1)
    if not said:
        return None
    total = _HEAD.size + _HEAD.unpack_from(said)[0]
    while len(said) < total:
        said += link.recv(total - len(said))
    request: Request = pickle.loads(said[_HEAD.size :])
    raw = io.FileIO(files[0])
    raw.name = PurePosixPath(request.name).name  # decoders take the number that stands there otherwise for no file
    return request, io.BufferedReader(raw)
