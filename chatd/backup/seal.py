"""The seal of a backup: a digest of the whole file inside the file itself, so that a flipped bit is found.

SQLite knows when its pages do not fit together, not when a byte of a text has changed. The seal is a text in the
header, `nonce:digest`: the digest (BLAKE2b, RFC 7693) is that of the file with zeros in its place, and the nonce, of
which there is one in the file, is how that place is found.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

DIGITS: Final = 64
_CHUNK: Final = 1 << 20
_BLANK: Final = b"0" * DIGITS


def blank_seal() -> str:
    """A seal to write into a file whose digest is not known yet."""
    return f"{secrets.token_hex(16)}:{_BLANK.decode()}"


def write_seal(file: Path, blank: str) -> None:
    """Put the digest in the place of the blank seal, which is in the file once. Raises OSError, ValueError."""
    at = _place_of(file, blank)
    digest = hash_file(file, at)
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(digest.encode())
        opened.flush()
        os.fsync(opened.fileno())


def holds(file: Path, seal: str, copy: BinaryIO | None = None, told: Callable[[int], None] = lambda _: None) -> bool:
    """Whether the file is as it was sealed. What is read is written to `copy` on the way. Raises OSError."""
    try:
        at = _place_of(file, seal)
    except ValueError:
        return False
    return hash_file(file, at, copy, told) == seal.partition(":")[2]


def hash_file(file: Path, at: int, copy: BinaryIO | None = None, told: Callable[[int], None] = lambda _: None) -> str:
    """The digest of a file with zeros for the digest at `at`. `told` is called with the bytes read so far."""
    state = hashlib.blake2b(digest_size=DIGITS // 2)
    done = 0
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            if copy is not None:
                copy.write(chunk)
            state.update(_blanked(chunk, at - done))
            done += len(chunk)
            told(done)
    return state.hexdigest()


def _blanked(chunk: bytes, at: int) -> bytes:
    """The chunk with zeros where the digest lies, which begins at `at` of it, perhaps before or behind it."""
    first, last = max(at, 0), min(at + DIGITS, len(chunk))
    if first >= last:
        return chunk
    return chunk[:first] + b"0" * (last - first) + chunk[last:]


def _place_of(file: Path, seal: str) -> int:
    nonce = f"{seal.partition(':')[0]}:".encode()
    places: list[int] = []
    done, window = 0, b""
    with file.open("rb") as opened:
        while len(places) < 2 and (chunk := opened.read(_CHUNK)):
            # With the end of the chunk before: it may lie across. One that lies within either is too short for that.
            window = window[max(0, len(window) - len(nonce) + 1) :] + chunk
            done += len(chunk)
            at = window.find(nonce)
            while at >= 0:
                places.append(done - len(window) + at)
                at = window.find(nonce, at + 1)
    if len(places) != 1:
        raise ValueError("the place of the seal is not there once")
    return places[0] + len(nonce)
