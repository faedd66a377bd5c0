"""The seal of a backup is found wherever it lies in the file, and nothing but the digest is what it does not cover."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.backup import seal


@pytest.mark.parametrize("before", range(40))
def test_a_seal_is_found_across_the_ends_of_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(seal, "_CHUNK", 20)
    blank, file = seal.blank_seal(), tmp_path / "a.backup"
    file.write_bytes(b"x" * before + blank.encode() + b"y" * 33)
    seal.write_seal(file, blank)
    written = file.read_bytes()[before : before + len(blank)].decode()
    assert written != blank
    assert written.partition(":")[0] == blank.partition(":")[0]
    assert seal.holds(file, written)
    file.write_bytes(file.read_bytes()[:-1] + b"z")
    assert not seal.holds(file, written)


@pytest.mark.parametrize("times", [0, 2])
def test_a_seal_that_is_not_there_once_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(seal, "_CHUNK", 20)
    blank, file = seal.blank_seal(), tmp_path / "a.backup"
    file.write_bytes(b"x" * 50 + (blank.encode() + b"-" * 7) * times)
    assert not seal.holds(file, blank)
    with pytest.raises(ValueError, match="not there once"):
        seal.write_seal(file, blank)
