"""What people are called in one group."""

from __future__ import annotations

from chatd.core.nicknames import SetNickname
from chatd.service.author import Author
from chatd_protocol import nicknames as wire


def set_nickname(request: wire.SetNickname, author: Author) -> SetNickname:
    """Choose what one is called here; white space around it does not count."""
    return SetNickname(author.user, request.cid, author.digest, request.group, request.nickname.strip())
