"""The verifier that runs in a browser says what the one in Python says, offline."""

import base64
import io
import json
import random
import re
import zipfile
from pathlib import Path

import pytest

import sampling
from sampling import package, verify_draw
from server.demo.loopback import serving
from tests.sampling import test_verifier as cases
from tests.walks.browsing import chromium as chromium
from tests.walks.browsing import needs_chromium
from tools.seal_verifier import sealed

PAGE = Path(sampling.__file__).with_name("verify_draw.html")
ASK = """async ([packed, paper]) => {
    const bytes = Uint8Array.from(atob(packed), one => one.charCodeAt(0));
    return await verify(bytes, paper, {}, () => {});
}"""


def in_browser(test):
    """Mark a test that needs Debian's chromium."""
    return pytest.mark.browser(needs_chromium(test))


@pytest.fixture
def page(chromium):
    """The page opened from the disk of a machine without a network; whatever it asks is noted."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(PAGE.as_uri())
    page.on("request", lambda asked: page.faults.append(asked.url))
    yield page
    assert page.faults == []
    context.close()


def asked(page, data, paper=""):
    """What the page's own function finds: the codes of the checks, and of those that failed."""
    found = page.evaluate(ASK, [base64.b64encode(data).decode(), paper])
    assert all(check["vi"] and check["en"] for check in found)
    return [c["code"] for c in found], [c["code"] for c in found if not c["ok"]]


def in_python(data, paper=""):
    found = verify_draw.verify(io.BytesIO(data), paper)
    return [c.code for c in found], [c.code for c in found if not c.ok]


def packages():
    """Good packages of every design, size and kind of number; and with a register."""
    for design in cases.DESIGNS:
        for count in (25, 48):
            frame = cases.frame_of(count, seed=count)
            yield package(cases.drawn(frame, design), frame)
    frame, second, entries = cases.registered()
    yield package(second, frame, entries)
    yield cases.withholding(0)[0]
    for source, text in marked(cases.test_every_kind_of_public_number_is_verified, "source"):
        draw = cases.drawn(
            frame := cases.frame_of(25), cases.DESIGNS[0], text,
            seed_source=source, committed_at="2026-07-02T09:00:00.123456+07:00",
        )  # fmt: skip
        yield package(draw, frame)


def marked(function, name):
    """The cases that a test of the Python verifier is run with."""
    for mark in function.pytestmark:
        if mark.name == "parametrize" and name in str(mark.args[0]):
            return mark.args[1]
    raise AssertionError(name)


@in_browser
def test_every_good_package_is_verified_with_the_same_checks(page):
    for data in packages():
        assert asked(page, data) == in_python(data)
        assert in_python(data)[1] == []


@in_browser
def test_every_tampering_is_named_as_the_python_verifier_names_it(page):
    frame = cases.frame_of(25)
    data = package(cases.drawn(frame, cases.DESIGNS[0]), frame)
    for name, change, expected in marked(cases.test_every_tampering_is_named, "expected"):
        tampered = cases.changed(data, **{name: change})

        codes, failed = asked(page, tampered)

        assert expected in failed
        assert (codes, failed) == in_python(tampered)


@in_browser
def test_nonsense_a_second_face_and_a_broken_chain_are_findings(page):
    texts = marked(cases.test_nonsense_in_a_package_is_a_finding, "text")
    for name in ("commitment__json", "seed__json", "register__jsonl"):
        for text in texts:
            assert asked(page, cases.changed(cases.PACKED, **{name: lambda _, t=text: t}))[1]
    for data in (b"", b"PK not a zip", b"\x00", cases.PACKED[:-30], cases.PACKED[:500]):
        assert asked(page, data) == (["readable"], ["readable"])

    frame, second, entries = cases.registered()
    data = package(second, frame, entries)
    cut = cases.changed(data, register__jsonl=lambda t: t.split(b"\n", 1)[1])
    twice = package(second, frame, [])
    for places in ((1,), (2,), (0, 1, 2)):
        behind = cases.withholding(*places)[0]
        assert asked(page, behind) == in_python(behind) and asked(page, behind)[1]
    assert asked(page, cut) == in_python(cut) and "register-chain" in asked(page, cut)[1]
    assert asked(page, twice) == in_python(twice)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@in_browser
def test_a_file_that_stands_twice_is_a_finding(page):
    for name in ("frame.tsv", "commitment.json", "seed.json", "result.tsv"):
        target = io.BytesIO(cases.PACKED)
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr(name, archive.read(name))

        assert asked(page, target.getvalue())[1] == ["readable"]


@in_browser
def test_any_changed_byte_is_found(page):
    chance = random.Random(7)
    with zipfile.ZipFile(io.BytesIO(cases.PACKED)) as archive:
        sizes = {n: len(archive.read(n)) for n in ("frame.tsv", "commitment.json", "result.tsv")}
    for turn in range(60):
        name = list(sizes)[turn % 3]
        place, flip = chance.randrange(sizes[name]), chance.randint(1, 255)
        data = cases.changed(
            cases.PACKED,
            **{name.replace(".", "__"): lambda t, p=place, f=flip: (
                t[:p] + bytes([t[p] ^ f]) + t[p + 1 :]
            )},
        )  # fmt: skip

        assert asked(page, data)[1], (name, place, flip)
        assert in_python(data)[1]


def choose(page, data):
    page.set_input_files(
        "#file", {"name": "goi.zip", "mimeType": "application/zip", "buffer": data}
    )
    page.locator("#verdict").wait_for()


@in_browser
def test_a_person_chooses_the_package_types_the_paper_and_asks_for_one_unit(page):
    frame = cases.frame_of(25)
    draw = cases.drawn(frame, cases.DESIGNS[0])

    choose(page, package(draw, frame))
    assert page.locator("#no-paper").is_visible()
    page.fill("#paper", draw.commitment.printed)
    page.locator("#unit").focus()
    page.locator('#checks li[data-code="commitment-paper"]').wait_for()
    assert not page.locator("#no-paper").is_visible()
    page.fill("#unit", draw.main[0].id)

    assert page.inner_text("#verdict") == "KẾT LUẬN: ĐÚNG / VERIFIED"
    assert page.locator('#checks li.ok[data-code="commitment-paper"]').count() == 1
    assert page.locator("#rows tr").count() == len(draw.selected)
    assert draw.main[0].ticket in page.inner_text("#one")

    page.fill("#paper", "0" * 64)
    page.locator("#unit").focus()
    page.locator('#checks li.no[data-code="commitment-paper"]').wait_for()
    assert page.inner_text("#verdict") == "KẾT LUẬN: SAI / FAILED"


@in_browser
def test_a_tampered_package_is_shown_wrong_in_words(page):
    choose(page, cases.changed(cases.PACKED, result__tsv=cases.swap_units))

    failed = page.locator("#checks li.no")
    assert "SAI" in page.inner_text("#verdict")
    assert "Đơn vị, thứ tự và vai trò rút lại trùng kết quả" in failed.first.inner_text()
    assert "Units, order and roles drawn again equal the result" in failed.first.inner_text()


@in_browser
def test_the_server_gives_the_same_page_and_it_runs_there(app, chromium, office):
    draw = office.drawn()
    data = office.package(draw)
    with serving(app) as address:
        page = chromium.new_page()
        faults = []
        page.on("console", lambda said: faults.append(said.text))
        page.goto(f"{address}/public/verify_draw.html")
        page.fill("#paper", draw.commitment_sha256)
        choose(page, data)
        assert page.inner_text("#verdict") == "KẾT LUẬN: ĐÚNG / VERIFIED"
        assert "Xã " in page.inner_text("#rows")
        assert [fault for fault in faults if "favicon" not in fault] == []
        page.close()


def test_the_policy_in_the_page_is_that_of_its_script():
    page = PAGE.read_text()

    assert sealed(page) == page
    assert "unsafe" not in page.split("</head>")[0] and "connect-src" not in page
    assert not re.search(r"(src|href)\s*=\s*[\"']http|fetch\(|XMLHttpRequest|import\(", page)


def test_the_names_of_the_checks_are_the_same_in_both():
    found = re.search(r"const NAMES = (\{.*?\n\});?", PAGE.read_text(), re.DOTALL)

    names = json.loads(re.sub(r",\s*}", "}", found[1]))
    assert {code: tuple(each) for code, each in names.items()} == verify_draw.NAMES


def test_every_package_holds_the_page():
    with zipfile.ZipFile(io.BytesIO(cases.PACKED)) as archive:
        assert archive.read("verify_draw.html") == PAGE.read_bytes()
