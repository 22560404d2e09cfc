"""The one door to `cryptography`: key pairs under a passphrase, and what phones encrypt for them.

A private key is kept as PKCS#8 (PBES2), but under a password that Argon2id makes of the
passphrase: the derivation of the format itself, at the few rounds the library gives it, would be
guessed too quickly. Nothing here keeps, logs or returns a passphrase.

The library takes 7 MB of memory: a server loads it when the first encrypted form or key comes.
"""

import base64
import binascii
import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argon2.low_level import Type, hash_secret_raw

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = RSAPrivateKey
else:
    PrivateKey = object
BITS = 2048
BLOCK_BYTES = 16
KEY_BYTES = 32
MEMORY_KIB, ROUNDS = 65_536, 3
_one_at_a_time = threading.Lock()  # each takes the memory, on a machine that may be small


class NotDecrypted(Exception):
    """The bytes are not what this key, or this step, can decrypt."""


@dataclass(frozen=True)
class Pair:
    """A new key pair as it may be stored.

    Attributes:
        public: base64 of the DER SubjectPublicKeyInfo, as an XForm carries it.
        private: PEM, encrypted.
        lock: how the password of `private` is made of the passphrase.
    """

    public: str
    private: str
    lock: str


def new_pair(passphrase: str) -> Pair:
    """Return a new RSA key pair whose private half only `passphrase` opens."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, BITS)
    lock = f"argon2id:{MEMORY_KIB}:{ROUNDS}:{secrets.token_hex(16)}"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_password(passphrase, lock)),
    )
    return Pair(_public(key), private.decode(), lock)


def unlock(private: str, lock: str, passphrase: str) -> PrivateKey:
    """Return the private key.

    Raises:
        NotDecrypted: it is not the passphrase, or the stored key is damaged.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        key = serialization.load_pem_private_key(private.encode(), _password(passphrase, lock))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotDecrypted from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotDecrypted
    return key


def belongs(private: PrivateKey, public: str) -> bool:
    """Tell whether the two are halves of one pair."""
    return _public(private) == public


def _password(passphrase: str, lock: str) -> bytes:
    """Return the password of the stored key; the same letters give it however they were typed."""
    _name, memory, rounds, salt = lock.split(":")
    with _one_at_a_time:
        made = hash_secret_raw(
            unicodedata.normalize("NFC", passphrase).encode(),
            bytes.fromhex(salt),
            time_cost=int(rounds),
            memory_cost=int(memory),
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
    return made.hex().encode()


def _public(private: PrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def is_public_key(given: str) -> bool:
    """Tell whether phones can encrypt with `given`: base64 of an RSA key of 2048 bits or more."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        key = serialization.load_der_public_key(_bytes("".join(given.split())))
    except (NotDecrypted, ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= BITS


def fingerprint(public: str) -> str:
    """Return the SHA-256 of a public key, by which people tell keys apart."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()


def unwrap(private: PrivateKey, given: str) -> bytes:
    """Return what was encrypted for this key: RSA-OAEP, SHA-256 also in MGF1.

    Raises:
        NotDecrypted: not base64, damaged, or encrypted for another key.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    try:
        return private.decrypt(_bytes(given), oaep)
    except ValueError as error:
        raise NotDecrypted from error


def _bytes(given: str) -> bytes:
    try:
        return base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotDecrypted from error


def decrypted(pieces: Iterable[bytes], key: bytes, iv: bytes) -> Iterator[bytes]:
    """Give the plain bytes of one file: AES-256, CFB with whole blocks, PKCS#7 taken off.

    Raises:
        NotDecrypted: at the end, when the padding is none; what was given before is no content.
    """
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
    from cryptography.hazmat.primitives.padding import PKCS7

    step = Cipher(algorithms.AES(key), CFB(iv)).decryptor()
    rest = PKCS7(BLOCK_BYTES * 8).unpadder()
    for piece in pieces:
        yield rest.update(step.update(piece))
    try:
        yield rest.update(step.finalize()) + rest.finalize()
    except ValueError as error:
        raise NotDecrypted from error
