"""A stream sealed with one key: AES-256-GCM in chunks, each bound to its place (docs/decisions/0013).

A salt makes the key of each file; a chunk's nonce is its number and whether it is the last. So a changed bit, a file
that was cut, and chunks in another order are refused, in constant memory.
"""

import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Refused

MAGIC = b"CRM-BACKUP"
FORMAT = 1
SALT, CHUNK, TAG = 32, 1 << 20, 16
KEY_LENGTH = 32  # characters; a key of a program, not a word of a person


class Sealer:
    """Encrypts what is written to it into `file`; only `finish` makes it whole."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        self.file, self.held, self.count = file, bytearray(), 0
        self.header = MAGIC + bytes([FORMAT]) + os.urandom(SALT)
        self.box = _box(key, self.header)
        file.write(self.header)

    def write(self, data: bytes) -> int:
        """Take more plain bytes."""
        self.held += data
        while len(self.held) > CHUNK:  # what is held may be the last chunk
            self._seal(bytes(self.held[:CHUNK]), is_last=False)
            del self.held[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a chunk is written when it is full."""

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self.held), is_last=True)

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self.file.write(self.box.encrypt(_nonce(self.count, is_last=is_last), plain, self.header))
        self.count += 1


class Opener:
    """Reads what a Sealer wrote; raises Refused for a wrong key and at the first byte that is not as it was."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        self.file, self.plain, self.count = file, bytearray(), 0
        self.header = file.read(len(MAGIC) + 1 + SALT)
        if len(self.header) < len(MAGIC) + 1 + SALT or not self.header.startswith(MAGIC):
            raise Refused("This file is not a backup of this product, or its beginning is damaged.")
        if self.header[len(MAGIC)] != FORMAT:
            told = f"This backup has the format {self.header[len(MAGIC)]}, and this version reads {FORMAT}."
            raise Refused(f"{told} Install the version that made it.")
        self.box = _box(key, self.header)
        self.ahead = file.read(CHUNK + TAG)

    def read(self, size: int) -> bytes:
        """Return up to `size` plain bytes, none at the end."""
        while len(self.plain) < size and (self.ahead or not self.count):
            block, self.ahead = self.ahead, self.file.read(CHUNK + TAG)
            try:
                self.plain += self.box.decrypt(_nonce(self.count, is_last=not self.ahead), block, self.header)
            except InvalidTag as error:
                where = f"cut or damaged after {self.count} MB" if self.count else "damaged, or its key is another"
                raise Refused(f"This backup cannot be opened: it is {where}.") from error
            self.count += 1
        taken = bytes(self.plain[:size])
        del self.plain[:size]
        return taken


def _box(key: str, header: bytes) -> AESGCM:
    if len(key) < KEY_LENGTH:
        raise Refused(f"The backup key has {len(key)} characters. Use a random one of {KEY_LENGTH} or more.")
    return AESGCM(HKDF(SHA256(), 32, header[-SALT:], b"crm backup").derive(key.encode()))


def _nonce(count: int, *, is_last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([is_last])
