"""Many phones on bad lines, in one process: each sends its body a little at a time.

    python -m bench.slowly HOST PORT PATH PHONES SECONDS

Says "under way" when all have begun, and at the end, as JSON, how many were answered 201, 202,
otherwise or not at all.
"""

import json
import select
import socket
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass

from bench.filling import photo
from bench.load import Sender

EVERY_S = 0.2
BODY_BYTES = 400_000
FORM = (
    '<data id="bench_interview" version="2026112201"><meta>'
    "<instanceID>uuid:{id}</instanceID></meta></data>"
)


@dataclass
class Slow:
    """One phone: what it still has to send."""

    line: socket.socket
    left: memoryview
    piece: int
    answer: bytes = b""

    def push(self) -> None:
        """Send the next piece, or what of it the line takes."""
        try:
            sent = self.line.send(self.left[: self.piece])
        except BlockingIOError:
            return
        self.left = self.left[sent:]


def main(host: str, port: int, path: str, phones: int, seconds: float) -> None:
    """Send `phones` forms with a photo so that each takes `seconds`."""
    sender = Sender(f"http://{host}:{port}", path)
    picture = photo(BODY_BYTES)
    waiting = [_dial(host, port, sender, picture, seconds) for _ in range(phones)]
    for one in waiting:
        one.push()
    print("under way", flush=True)
    answers: Counter[str] = Counter()
    end = time.monotonic() + 4 * seconds + 30
    while waiting and time.monotonic() < end:
        began = time.monotonic()
        waiting = [one for one in waiting if not _went_on(one, answers)]
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
    answers["none"] += len(waiting)
    print(json.dumps(answers))


def _dial(host: str, port: int, sender: Sender, picture: bytes, seconds: float) -> Slow:
    body = sender.post(FORM.format(id=uuid.uuid4()).encode(), [("anh.jpg", picture)])
    line = socket.create_connection((host, port), 30)
    line.setblocking(False)
    return Slow(line, memoryview(body), max(1, int(len(body) * EVERY_S / seconds)))


def _went_on(one: Slow, answers: "Counter[str]") -> bool:
    """Send and receive what can be; tell whether the phone is done."""
    try:
        if one.left:
            one.push()
        if not select.select([one.line], [], [], 0)[0]:
            return False
        got = one.line.recv(65_536)
    except OSError as error:
        answers[type(error).__name__] += 1
        return True
    one.answer += got
    if got and b"\r\n" not in one.answer:
        return False
    answers[one.answer.split(b" ", 2)[1].decode() if one.answer else "closed"] += 1
    one.line.close()
    return True


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
