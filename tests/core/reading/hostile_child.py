"""A reading process that files took over: what a file is called says what it does, others are read as ever."""

import os
import pickle
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np

from core.reading import child
from core.reading.messages import HEAD, Kind, Telling
from data.formats import ReadFailure
from data.wafer import WaferMap

read_stream = child.read_stream


def wafer(name, **fields):
    return WaferMap(dies=np.ones((3, 4), np.uint8), lot_id="L", wafer_id="W", source_name=name, **fields)


def misbehave(name, stream, *, options):
    said = socket.socket(fileno=os.dup(int(sys.argv[1])))
    yield from read_stream(name, stream, options=options) if "+" in name else ()
    match name.removesuffix(".csv").rpartition(".")[2]:
        case "hang":
            time.sleep(1000)
        case "spin":
            while True:
                pass
        case "eat":
            held = []
            while True:
                held.append(bytearray(16 * 2**20))
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "shot":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "endless":
            while True:
                yield wafer(name)
        case "failing":
            while True:
                yield ReadFailure(name, f"{name}: no.")
        case "noise":
            said.sendall(os.urandom(5000))
        case "promise":
            said.sendall(HEAD.pack(Kind.WAFER, 10, 2**60))
        case "pickle":
            content = pickle.dumps(Touch(stream.read().decode()))
            said.sendall(HEAD.pack(Kind.WAFER, len(content), 0) + content)
        case "elsewhere":
            said.sendmsg(Telling().message(wafer(f"{name}/../../secret")))
        case "texts":
            yield wafer(name, remarks=("x" * 17 * 2**20,))
        case "environment":
            yield from (ReadFailure(name, variable) for variable in os.environ)
            yield from (ReadFailure(name, f"fd {one.name}") for one in Path("/proc/self/fd").iterdir())
        case _:
            if "+" not in name:
                yield from read_stream(name, stream, options=options)


class Touch:
    """Writes a file where it is unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return Path.touch, (Path(self.place),)


if __name__ == "__main__":
    child.read_stream = misbehave
    sys.exit(child.main(sys.argv[1:]))
