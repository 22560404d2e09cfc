"""Encrypted forms (phiếu mã hóa) as Collect sends them: manifest and files in, plain bytes out.

A manifest names, each encrypted apart, the media and the answers; their key is encrypted for the
form's public key. The initialisation vector of a file grows out of the one before: MD5 of
instanceID and key, of which one byte more, in turn, is raised by one for each file, in the
manifest's order, answers last. The signature is the MD5, encrypted for the same key, of what the
manifest says and of each plain file. (ODK XForms specification, 'Form Encryption'.)

Nothing is given out before the signature of the whole was found to be right. Where files lie is
the caller's matter; they are read twice then, rather than kept in the plain meanwhile.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from server import cipher, xml
from server.submissions import instance
from server.submissions.problems import (
    DamagedSeal,
    FilesNotHere,
    KeyDoesNotFit,
    OtherFormInside,
    SealBroken,
)

ENDING = ".enc"
ANSWERS = "submission.xml"
MOST_ANSWER_BYTES = 20_000_000
Source = Callable[[str], Iterable[bytes] | None]
"""Gives the bytes of an encrypted file by its name; None when it is not here."""


@dataclass(frozen=True)
class Manifest:
    """What stands on the outside of an encrypted form, letter by letter as it was signed.

    `files` are the encrypted files, the answers last.
    """

    form_id: str
    version: str | None
    instance_id: str
    key: str
    signature: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class OpenedFile:
    """A file that can be decrypted; `name` is the one that the answers know."""

    name: str
    sealed_name: str
    iv: bytes
    size_bytes: int


@dataclass(frozen=True)
class Opened:
    """An encrypted form whose seal was right: its answers, and its files on demand."""

    xml: bytes
    files: tuple[OpenedFile, ...]
    key: bytes
    source: Source

    def chunks(self, file: OpenedFile) -> Iterator[bytes]:
        """Give the plain bytes of a file."""
        yield from cipher.decrypted(self.source(file.sealed_name) or (), self.key, file.iv)


def read(data: bytes) -> Manifest:
    """Return what the manifest says; elements are known by their local names.

    Raises:
        DamagedSeal: it names no key or no answers.
    """
    root = xml.parse(data)
    media = _said(root, "file")
    answers, key = _said(root, "encryptedXmlFile"), _said(root, "base64EncryptedKey")
    signature = _said(root, "base64EncryptedElementSignature")
    instance_id = _said(root, "instanceID")
    if len(answers) != 1 or len(key) != 1 or not instance_id:
        raise DamagedSeal(what="manifest")
    return Manifest(
        form_id=root.get("id", ""),
        version=root.get("version"),
        instance_id=instance_id[0],
        key=key[0],
        signature=signature[0] if signature else "",
        files=(*media, *answers),
    )


def _said(root: xml.Element, name: str) -> list[str]:
    found = ((each.text or "").strip() for each in root.iter(f"{{*}}{name}"))
    return [text for text in found if text]


def ivs(instance_id: str, key: bytes) -> Iterator[bytes]:
    """Give the initialisation vector of each file in turn, without end."""
    running = bytearray(hashlib.md5(instance_id.encode() + key, usedforsecurity=False).digest())
    number = 0
    while True:
        place = number % len(running)
        running[place] = (running[place] + 1) % 256
        yield bytes(running)
        number += 1


def open_with(private: cipher.PrivateKey, manifest: Manifest, source: Source) -> Opened:
    """Return the form inside, once every part of it was found to be right.

    Raises:
        FilesNotHere: files have yet to arrive.
        KeyDoesNotFit: it was encrypted for another key, or its key is damaged.
        DamagedSeal: a file does not decrypt.
        SealBroken: the signature is of other content.
        OtherFormInside: the answers are not those that the manifest announces.
    """
    missing = [name for name in manifest.files if source(name) is None]
    if missing:
        raise FilesNotHere(names=", ".join(missing[:5]), count=len(missing))
    key = _key(private, manifest)
    answers = bytearray()
    files, signed = [], []
    for name, iv in zip(manifest.files, ivs(manifest.instance_id, key), strict=False):
        kept = answers if name == manifest.files[-1] else None
        md5, size = _digest(source(name) or (), key, iv, name, kept)
        plain = ANSWERS if kept is not None else name.removesuffix(ENDING)
        signed.append(f"{plain}::{md5}")
        files.append(OpenedFile(instance.key(plain), name, iv, size))
    _check(private, manifest, signed)
    found = Opened(bytes(answers), tuple(files[:-1]), key, source)
    _must_be_announced(found, manifest)
    return found


def _key(private: cipher.PrivateKey, manifest: Manifest) -> bytes:
    try:
        key = cipher.unwrap(private, manifest.key)
    except cipher.NotDecrypted:
        raise KeyDoesNotFit() from None
    if len(key) != cipher.KEY_BYTES:
        raise KeyDoesNotFit()
    return key


def _digest(
    pieces: Iterable[bytes], key: bytes, iv: bytes, name: str, kept: bytearray | None
) -> tuple[str, int]:
    """Return MD5 and size of a plain file, and keep its bytes where asked to.

    Raises:
        DamagedSeal: it does not decrypt.
    """
    md5, size = hashlib.md5(usedforsecurity=False), 0
    try:
        for piece in cipher.decrypted(pieces, key, iv):
            md5.update(piece)
            size += len(piece)
            if kept is not None:
                kept += piece
                if size > MOST_ANSWER_BYTES:
                    raise DamagedSeal(what=name)
    except cipher.NotDecrypted:
        raise DamagedSeal(what=name) from None
    return md5.hexdigest(), size


def _check(private: cipher.PrivateKey, manifest: Manifest, files: list[str]) -> None:
    version = [] if manifest.version is None else [manifest.version]
    lines = [manifest.form_id, *version, manifest.key, manifest.instance_id, *files]
    text = "".join(f"{line}\n" for line in lines)
    try:
        signed = cipher.unwrap(private, manifest.signature)
    except cipher.NotDecrypted:
        raise SealBroken() from None
    if signed != hashlib.md5(text.encode(), usedforsecurity=False).digest():
        raise SealBroken()


def _must_be_announced(found: Opened, manifest: Manifest) -> None:
    inside = instance.parse(found.xml)
    outside = (manifest.form_id, manifest.version or "", manifest.instance_id)
    said = (inside.form_id, inside.version, inside.instance_id)
    if said != tuple(map(instance.key, outside)) or inside.encrypted:
        raise OtherFormInside()
