"""A small community to try chatd with: `python -m chatd.demo`, or `make run`.

It goes the ways that everybody goes: the commit engine writes its past, `chatd serve` serves it, `chatd chat` shows it.
"""
