"""What can be wrong with a backup or with bringing one back. The words for people are where they are shown."""

from __future__ import annotations


class Trouble(Exception):
    """`code` says what is wrong, `values` with what: names of files, numbers, never what somebody wrote."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in values.items())]))
