"""Multipart bodies as phones, browsers and programs write them."""

import io

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from server.parts import IN_MEMORY_BYTES, MOST_PARTS, Parts

END = b"--ranh--\r\n"


def part(disposition: bytes, content: bytes = b"x") -> bytes:
    head = b"--ranh\r\nContent-Disposition: form-data; " + disposition
    return head + b"\r\nContent-Type: text/plain\r\n\r\n" + content + b"\r\n"


def read(body: bytes, **limits):
    stream = io.BytesIO(body)
    options = {"boundary": "ranh"}
    return Parts(**limits).parse(stream, "multipart/form-data", len(body), options)[1:]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b'name="a"; filename="nh\xc3\xa0.jpg"', "nhà.jpg"),
        (b"name=a; filename=anh.jpg", "anh.jpg"),
        (b'name="a"; filename="x.jpg"; filename*=UTF-8\'\'nh%C3%A0.jpg', "nhà.jpg"),
        (b'name="a"; filename="hai %22nh\xc3\xa0%22.jpg"', 'hai "nhà".jpg'),
        (b'name="a"; filename="hai \\"nha\\".jpg"', 'hai "nha".jpg'),
        (b'name="a"; filename="nh\xe0.jpg"', "nh\ufffd.jpg"),
        (b'name="a"; filename=""', ""),
    ],
)
def test_files_keep_the_name_that_was_meant(written, name):
    fields, files = read(part(written, b"\xff\xd8") + END)

    assert files["a"].filename == name
    assert files["a"].read() == b"\xff\xd8"
    assert not fields


def test_text_and_files_come_in_their_order():
    large = b"\r\n--ran" * IN_MEMORY_BYTES
    sent = [part(b'name="a"', "Tả Phìn".encode()), part(b'name="b"; filename="1"', large)]

    fields, files = read(b"".join([*sent, part(b'name="a"', b"\xff"), END]))

    assert fields.getlist("a") == ["Tả Phìn", "\ufffd"]
    with files["b"].stream as stream:
        assert stream.read() == large


@pytest.mark.parametrize("cut", [1, 5, 40, 100])
def test_a_body_that_was_cut_gives_nothing(cut):
    body = part(b'name="a"') + part(b'name="b"; filename="1"', b"x" * IN_MEMORY_BYTES * 2) + END

    fields, files = read(body[: -cut - 2])

    assert not fields
    assert not files


def test_too_many_parts_and_too_much_text_are_refused():
    many = part(b'name="a"; filename="1"') * (MOST_PARTS + 1)
    for body, limits in (
        (many, {}),
        (part(b'name="a"', b"x" * 101), {"max_form_memory_size": 100}),
    ):
        with pytest.raises(RequestEntityTooLarge):
            read(body + END, **limits)
