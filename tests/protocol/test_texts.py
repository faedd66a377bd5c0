"""Every field in which somebody can say something to others is judged by the word list, or said not to be."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import inspect as types

from chatd.service.words import NAMES, TEXTS
from chatd_protocol.kinds import BODIES, CustomBody
from chatd_protocol.ops import OPS
from chatd_protocol.values import PATTERN_WORDS

OF_NO_SAY = {
    "session.hello": {"client"},
    "user.get": {"subs"},
    "user.update": {"avatar"},
    "draft.save": {"text"},
    "group.find": {"text"},
    "item.find": {"text"},
}
"""Names of programs and tokens, addresses of pictures, and what was not said yet."""
NOT_SAID = {"query", "reason"}
"""What is looked for, and what admins write down for admins."""
_FREE = ("one line", "text")


def free_text(kind: types.Type, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths of strings in which anything can be written."""
    if isinstance(kind, types.Metadata):
        yield from free_text(kind.type, path)
    elif isinstance(kind, types.UnionType):
        for one in kind.types:
            yield from free_text(one, path)
    elif isinstance(kind, types.StructType):
        for field in kind.fields:
            yield from free_text(field.type, (*path, field.encode_name))
    elif isinstance(kind, types.AnyType) and path == ("body",):
        for body in (*BODIES.values(), CustomBody):
            yield from free_text(msgspec.inspect.type_info(body), path)
    elif isinstance(kind, types.ListType):
        yield from free_text(kind.item_type, path)
    elif isinstance(kind, types.DictType):
        yield from free_text(kind.value_type, path)
    elif isinstance(kind, types.StrType) and kind.pattern and PATTERN_WORDS[kind.pattern].startswith(_FREE):
        yield ".".join(path)


def test_every_text_of_every_op_is_judged_by_the_word_list_or_exempt() -> None:
    """A new op with a text needs a row in `TEXTS` or `NAMES` of chatd/service/words.py, or an exemption here."""
    for name, op in OPS.items():
        found = set(free_text(msgspec.inspect.type_info(op.request)))
        field, _, kinds = getattr(op.request, "varies", ("", "", {}))
        for body in kinds.values():
            found.update(free_text(msgspec.inspect.type_info(body), (field,)))
        judged = {*TEXTS.get(name, ()), *NAMES.get(name, ())}
        assert found - judged - NOT_SAID == OF_NO_SAY.get(name, set()), name
        assert judged <= found or name in NAMES, name


def test_the_table_names_no_op_that_is_not_there() -> None:
    assert {*TEXTS, *NAMES, *OF_NO_SAY} <= set(OPS)
