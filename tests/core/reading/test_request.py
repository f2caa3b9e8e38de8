import socket
import tempfile

from core.reading.request import Request, Task, receive_request, send_request
from data.formats import ReadOptions
from data.orientation import OrientationRule


def test_a_request_arrives_with_its_open_file():
    ours, theirs = socket.socketpair()
    # Rules of very many products: more than the other side takes at once.
    options = ReadOptions(rules=tuple((f"P{n}", OrientationRule()) for n in range(1000)))
    sent = Request(Task.READ, "folder/lot.zip", options, skip=3)
    with ours, theirs, tempfile.TemporaryFile() as file:
        file.write(b"content")
        file.flush()
        send_request(ours, sent, file)
        request, stream = receive_request(theirs)
        with stream:
            stream.seek(0)
            assert (request, stream.read(), stream.name) == (sent, b"content", "lot.zip")


def test_nobody_asks_any_more():
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        assert receive_request(theirs) is None
