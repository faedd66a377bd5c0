"""Handing groups over, ending them, and what they announce."""

from __future__ import annotations

from chatd.core.announcements import AnnounceInGroup
from chatd.core.dissolution import Dissolve
from chatd.core.ownership import Transfer
from chatd.service.author import Author
from chatd_protocol import ownership as wire


def transfer_group(request: wire.TransferGroup, author: Author) -> Transfer:
    """Hand over."""
    return Transfer(author.user, request.cid, author.digest, request.group, request.user)


def dissolve_group(request: wire.DissolveGroup, author: Author) -> Dissolve:
    """End."""
    return Dissolve(author.user, request.cid, author.digest, request.group)


def announce_in_group(request: wire.AnnounceInGroup, author: Author) -> AnnounceInGroup:
    """Announce. White space alone is no announcement."""
    text = request.text if request.text.strip() else ""
    return AnnounceInGroup(author.user, request.cid, author.digest, request.group, text)
