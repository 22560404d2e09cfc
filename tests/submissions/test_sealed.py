"""Encrypted forms come apart exactly as phones put them together, or not at all."""

import base64
import hashlib
import json
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from server import cipher
from server.problems import Problem
from server.submissions import sealed
from tests import forms, sealing

PASSPHRASE = "ruộng bậc thang mùa nước đổ"


@pytest.fixture(scope="module")
def pair():
    return cipher.new_pair(PASSPHRASE)


@pytest.fixture(scope="module")
def private(pair):
    return cipher.unlock(pair.private, pair.lock, PASSPHRASE)


def sources(parcel):
    """Give files in odd pieces, as a store may."""

    def source(name):
        data = parcel.files.get(name)
        return None if data is None else [data[at : at + 1000] for at in range(0, len(data), 1000)]

    return source


def opened(private, parcel):
    return sealed.open_with(private, sealed.read(parcel.manifest), sources(parcel))


def make(pair, media=None, **more):
    filled = forms.filled("uuid:kin", version=more.get("version") or "")
    more = {"form": "thu", "version": None, "instance_id": "uuid:kin"} | more
    return sealing.seal(pair.public, filled, media or {}, **more), filled


def test_the_passphrase_opens_the_key_however_its_letters_were_typed(pair):
    """A keyboard may send a letter with its mark as one character or as two."""
    typed = unicodedata.normalize("NFD", PASSPHRASE)

    assert cipher.belongs(cipher.unlock(pair.private, pair.lock, typed), pair.public)


def test_another_passphrase_opens_nothing_and_the_stored_key_does_not_hold_it(pair):
    with pytest.raises(cipher.NotDecrypted):
        cipher.unlock(pair.private, pair.lock, PASSPHRASE + " ")

    assert "ENCRYPTED PRIVATE KEY" in pair.private
    assert PASSPHRASE not in pair.private + pair.lock


@pytest.mark.parametrize("namespace", [sealing.COLLECT, "http://opendatakit.org/submissions", ""])
@pytest.mark.parametrize("version", [None, "7-enc-00ff00ff"])
def test_a_form_opens_whatever_its_manifest_s_namespace_and_version(
    pair, private, namespace, version
):
    parcel, filled = make(pair, {"1.jpg": b"JPEG"}, namespace=namespace, version=version)

    found = opened(private, parcel)

    assert found.xml == filled
    assert [(f.name, b"".join(found.chunks(f))) for f in found.files] == [("1.jpg", b"JPEG")]


def test_empty_files_and_files_of_whole_blocks_come_out_as_they_went_in(pair, private):
    media = {f"{size}.bin": bytes(range(256)) * 20 for size in (1,)}
    media |= {f"{size}.bin": b"x" * size for size in (0, 1, 15, 16, 17, 32, 1000, 4096)}
    parcel, filled = make(pair, media)

    found = opened(private, parcel)

    assert found.xml == filled
    assert {f.name: b"".join(found.chunks(f)) for f in found.files} == media
    assert {f.name: f.size_bytes for f in found.files} == {n: len(d) for n, d in media.items()}


def test_three_hundred_files_come_out_though_the_vector_s_bytes_wrap(pair, private):
    """Each byte of the vector is raised every sixteenth file; one that begins at 255 wraps."""
    key = bytes(32)
    instance_id = next(
        name
        for name in (f"uuid:{n}" for n in range(1000))
        if max(hashlib.md5(name.encode() + key).digest()) >= 250
    )
    media = {f"{n:03}.jpg": b"%d" % n for n in range(300)}
    filled = forms.filled(instance_id, version="")
    parcel = sealing.seal(pair.public, filled, media, "thu", None, instance_id, key=key)

    found = opened(private, parcel)

    assert {f.name: b"".join(found.chunks(f)) for f in found.files} == media
    assert found.xml == filled


def test_the_vectors_are_those_of_the_specification():
    """Worked by hand: MD5 of 'uuid:1' and 32 zero bytes, a byte more raised for each file."""
    seed = hashlib.md5(b"uuid:1" + bytes(32)).digest()
    found = sealed.ivs("uuid:1", bytes(32))
    first, second = next(found), next(found)
    for _ in range(14):
        last = next(found)
    again = next(found)

    assert first == bytes([(seed[0] + 1) % 256]) + seed[1:]
    assert second == bytes([(seed[0] + 1) % 256, (seed[1] + 1) % 256]) + seed[2:]
    assert last == bytes((byte + 1) % 256 for byte in seed)
    assert again == bytes([(seed[0] + 2) % 256]) + last[1:]


def test_what_another_program_encrypted_with_the_app_s_own_algorithms_opens():
    """`data/Seal.java` made it with BouncyCastle, Android's provider; ours had no part in it."""
    held = json.loads((Path(__file__).parent / "data" / "sealed.json").read_text())
    private = load_der_private_key(base64.b64decode(held["private_key"]), None)
    files = {name: base64.b64decode(data) for name, data in held["files"].items()}
    plain = {name: base64.b64decode(data) for name, data in held["plain"].items()}

    found = opened(private, sealing.Parcel(base64.b64decode(held["manifest"]), files))

    assert found.xml == plain.pop("submission.xml")
    assert {f.name: b"".join(found.chunks(f)) for f in found.files} == plain
    assert len(plain) == 22


def flipped(data, at=-1):
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def broken(name):
    """Return what each kind of damage does to a parcel, and the refusal that names it."""

    def without(parcel):
        del parcel.files["1.jpg.enc"]

    def turned(parcel):
        parcel.files["1.jpg.enc"] = flipped(parcel.files["1.jpg.enc"], 3)

    def cut(parcel):
        parcel.files["submission.xml.enc"] = parcel.files["submission.xml.enc"][:-5]

    def emptied(parcel):
        parcel.files["1.jpg.enc"] = b""

    def other_key(parcel):
        old = sealed.read(parcel.manifest).key
        new = base64.b64encode(flipped(base64.b64decode(old))).decode()
        parcel.manifest = parcel.manifest.replace(old.encode(), new.encode())

    def no_base64(parcel):
        old = sealed.read(parcel.manifest).key
        parcel.manifest = parcel.manifest.replace(old.encode(), b"khong phai")

    def other_version(parcel):
        parcel.manifest = parcel.manifest.replace(b'version="7"', b'version="8"')

    def no_signature(parcel):
        old = sealed.read(parcel.manifest).signature
        parcel.manifest = parcel.manifest.replace(old.encode(), b"")

    def no_answers(parcel):
        parcel.manifest = parcel.manifest.replace(b"encryptedXmlFile", b"khac")

    return locals()[name]


@pytest.mark.parametrize(
    ("harm", "code", "names"),
    [
        ("without", "files-missing", "1.jpg.enc"),
        ("turned", "signature", ""),
        ("cut", "damaged", "submission.xml.enc"),
        ("emptied", "damaged", "1.jpg.enc"),
        ("other_key", "key-does-not-fit", ""),
        ("no_base64", "key-does-not-fit", ""),
        ("other_version", "signature", ""),
        ("no_signature", "signature", ""),
        ("no_answers", "damaged", "manifest"),
    ],
)
def test_what_is_missing_or_was_changed_is_refused_by_name(pair, private, harm, code, names):
    parcel, _ = make(pair, {"1.jpg": b"JPEG" * 8}, version="7")
    broken(harm)(parcel)

    with pytest.raises(Problem) as refusal:
        opened(private, parcel)

    assert refusal.value.code == f"submissions.sealed-{code}"
    assert names in refusal.value.text("vi")
    assert refusal.value.text("vi") != refusal.value.text("en")


def test_a_form_for_another_key_is_refused_as_such(pair, private):
    other = cipher.new_pair(PASSPHRASE)
    parcel, _ = make(other)

    with pytest.raises(Problem) as refusal:
        opened(private, parcel)

    assert refusal.value.code == "submissions.sealed-key-does-not-fit"


def test_answers_of_another_form_in_a_rightly_signed_parcel_are_refused(pair, private):
    parcel = sealing.seal(
        pair.public, forms.filled("uuid:khac", version=""), {}, "thu", None, "uuid:kin"
    )

    with pytest.raises(Problem) as refusal:
        opened(private, parcel)

    assert refusal.value.code == "submissions.sealed-other-form"


@pytest.mark.parametrize("given", ["", "MIIB", "không phải base64", base64.b64encode(b"x" * 270)])
def test_what_is_no_public_key_is_recognised(given, pair):
    text = given if isinstance(given, str) else given.decode()

    assert not cipher.is_public_key(text)
    assert cipher.is_public_key(pair.public)
