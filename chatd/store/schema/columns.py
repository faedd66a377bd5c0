"""The registry of all tables, and the kinds of columns they are made of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Text
from sqlalchemy import text as sql

metadata = MetaData()


def text(name: str, *, null: bool = False) -> Column[str]:
    """UTF-8, without a bound of its own."""
    return Column(name, Text, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """64 bits: positions, counts, times in ms."""
    return Column(name, BigInteger, nullable=null)


def count(name: str) -> Column[int]:
    """64 bits, 0 for rows that were there before the column."""
    return Column(name, BigInteger, nullable=False, server_default=sql("0"))


def flag(name: str) -> Column[bool]:
    """True or false."""
    return Column(name, Boolean(create_constraint=False), nullable=False)


def json_dict(name: str) -> Column[str]:
    """A JSON object. The server default is for rows that were there before the column."""
    return Column(name, Text, nullable=False, server_default=sql("'{}'"))
