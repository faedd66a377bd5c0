"""What all entries of a group have."""

from __future__ import annotations

from chatd_protocol.values import Pos, View


class GroupEntry(View, tag_field="kind"):
    """The base of the entries of a group."""

    pos: Pos
