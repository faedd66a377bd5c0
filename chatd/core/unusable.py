"""What was given to chatd and cannot be worked with: a key, a secret, a database of another version."""

from __future__ import annotations


class Unusable(ValueError):
    """`code` says what is wrong, `values` with what: names of files, versions, never what is in them. The words for
    people are where they are shown."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in values.items())]))
