from tests.web.asgi_calls import finished
from web.arrival import Arrival


def test_bytes_are_counted_and_after_a_refusal_the_app_is_not_heard():
    pieces = iter([{"type": "http.request", "body": b"abc", "more_body": True}, {"type": "http.request", "body": b"d"}])
    sent = []

    async def receive():
        return next(pieces)

    async def send(message):
        sent.append(message["type"])

    async def answer(out):
        await out({"type": "refused"})

    async def main():
        arrival = Arrival(receive, send)
        await arrival.send({"type": "first"})
        assert (await arrival.receive())["body"] == b"abc"
        assert (await arrival.receive())["body"] == b"d"
        assert arrival.received == 4
        assert await arrival.refuse(answer) == {"type": "http.disconnect"}
        await arrival.send({"type": "late"})

    finished(main())
    assert sent == ["first", "refused"]
