"""What a phone does with a form whose XForm carries a public key, written from the specification.

(ODK XForms specification, 'Form Encryption'; the facts that it leaves open, as Collect does them:
SHA-256 in MGF1 too, whole blocks of CFB, the vector's bytes counted up in turn and wrapping.)
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.serialization import load_der_public_key

COLLECT = "http://www.opendatakit.org/xforms/encrypted"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


@dataclass
class Parcel:
    """What the phone sends: the manifest as xml_submission_file, the files beside it."""

    manifest: bytes
    files: dict[str, bytes]


def seal(
    public_key: str,
    filled: bytes,
    media: Mapping[str, bytes],
    form: str,
    version: str | None,
    instance_id: str,
    namespace: str = COLLECT,
    key: bytes | None = None,
) -> Parcel:
    """Return a filled form with its media, encrypted."""
    public = load_der_public_key(base64.b64decode(public_key))
    key = key or os.urandom(32)
    wrapped = base64.b64encode(public.encrypt(key, OAEP)).decode()
    seed = list(hashlib.md5(instance_id.encode() + key).digest())
    signed = [form, *([version] if version is not None else []), wrapped, instance_id]
    files = {}
    for number, (name, plain) in enumerate([*media.items(), ("submission.xml", filled)]):
        seed[number % 16] = (seed[number % 16] + 1) & 0xFF
        files[f"{name}.enc"] = _aes(key, bytes(seed), plain)
        signed.append(f"{name}::{hashlib.md5(plain).hexdigest()}")
    digest = hashlib.md5("".join(f"{line}\n" for line in signed).encode()).digest()
    signature = base64.b64encode(public.encrypt(digest, OAEP)).decode()
    named = "".join(f"<media><file>{name}.enc</file></media>" for name in media)
    numbered = f' version="{version}"' if version is not None else ""
    manifest = (
        f'<data xmlns="{namespace}" id="{form}"{numbered} encrypted="yes">'
        f"<base64EncryptedKey>{wrapped}</base64EncryptedKey>"
        f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}'
        f"</orx:instanceID></orx:meta>{named}"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature></data>"
    )
    return Parcel(manifest.encode(), files)


def _aes(key: bytes, iv: bytes, plain: bytes) -> bytes:
    fill = 16 - len(plain) % 16
    step = Cipher(algorithms.AES(key), CFB(iv)).encryptor()
    return step.update(plain + bytes([fill]) * fill) + step.finalize()
