"""The small vocabulary that ops and entries are made of: ids, times, text, with the bounds a receiver checks.

All strings on the wire are Unicode without U+0000, other C0 controls (tab, newline and carriage return excepted in
text) and lone surrogates; lengths count Unicode code points. Times are integer milliseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, dataclass_transform

import msgspec
from msgspec import Meta

_USER_ID = r"^u[A-Za-z0-9_-]{16,40}$(?!\n)"
_GROUP_ID = r"^g[A-Za-z0-9_-]{16,40}$(?!\n)"
_CID = r"^[A-Za-z0-9_-]{21}[AQgw]$(?!\n)"
_DEVICE = r"^[\x21-\x7e]{1,64}$(?!\n)"
_CLEAN_LINE = r"^[^\x00-\x1f\x7f\ud800-\udfff]*$(?!\n)"
_CLEAN_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*$(?!\n)"
_SOME_TEXT = r"^(?=[\s\S]*\S)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*$(?!\n)"
_EMOJI = r"^[^\s\x00-\x1f\x7f\ud800-\udfff]{1,16}$(?!\n)"
_HISTORY_RULE = r"^(none|all|last:[1-9][0-9]{0,3})$(?!\n)"
_HANDLE = r"^[A-Za-z][A-Za-z0-9_.]{2,29}$(?!\n)"
_FIELD = r"^[a-z][a-z0-9_]{0,29}$(?!\n)"
_INVITE_ID = r"^i[A-Za-z0-9_-]{16,40}$(?!\n)"
_INVITING = r"^([A-Za-z0-9_-]{22}|[2-9A-HJ-NP-Z]{14})$(?!\n)"
_ITEM_ID = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$(?!\n)"
_SOME_LINE = r"^(?=.*\S)[^\x00-\x1f\x7f\ud800-\udfff]*$(?!\n)"
_URL = r"^https?://[^\s\x00-\x1f\x7f\ud800-\udfff/?#@\\]+([/?#][^\s\x00-\x1f\x7f\ud800-\udfff\\]*)?$(?!\n)"
_CURRENCY = r"^[A-Z]{3}$(?!\n)"
_WEB_ADDRESS = r"^(https?://[\x21-\x7e]+)?$(?!\n)"
_BUTTON_ID = r"^[\x21-\x7e]{1,32}$(?!\n)"
_OTHER_COMMAND = r"^[^\s/@\x00-\x1f\x7f\ud800-\udfff]{1,32}$(?!\n)"
_COMMAND = r"^[a-z][a-z0-9_]{0,31}$(?!\n)"

_MESSAGE_KIND = r"^[a-z][a-z0-9_-]{0,39}$(?!\n)"
_SEARCH_CURSOR = r"^[1-9][0-9]{0,18}$(?!\n)"

PATTERN_WORDS: Final[dict[str, str]] = {
    _USER_ID: "a user id: `u` and 16 to 40 letters, digits, `-` or `_`",
    _GROUP_ID: "a group id: `g` and 16 to 40 letters, digits, `-` or `_`",
    _CID: "a cid: 16 bytes as 22 characters of base64url without padding",
    _DEVICE: "1 to 64 printable ASCII characters without spaces",
    _CLEAN_LINE: "one line without control characters",
    _CLEAN_TEXT: "text without control characters other than tab and line ends",
    _SOME_TEXT: "text that is not only white space, without control characters other than tab and line ends",
    _EMOJI: "a sign of 1 to 16 characters without white space",
    _MESSAGE_KIND: "the kind of a message: a lower-case letter, then letters, digits, `-` or `_`, 40 in all",
    _SEARCH_CURSOR: "a cursor as `more` gave it",
    _INVITE_ID: "an invite id: `i` and 16 to 40 letters, digits, `-` or `_`",
    _INVITING: "the 22 characters of a link's token, or the 14 of a code without its dashes, in capitals",
    _HISTORY_RULE: "`none`, `all` or `last:N` with N from 1 to 9999",
    _HANDLE: "3 to 30 letters, digits, `_` or `.` of ASCII, a letter first",
    _FIELD: "the name of a field: 1 to 30 small letters, digits or `_`, a letter first",
    _ITEM_ID: "an item id: 1 to 64 letters, digits, `.`, `_`, `:`, `~` or `-`, the first a letter or digit",
    _SOME_LINE: "one line that is not only white space, without control characters",
    _URL: "an address that begins with `http://` or `https://`, without a user name or white space",
    _CURRENCY: "a currency: 3 capital letters of ISO 4217",
    _WEB_ADDRESS: "an address that begins with `https://` or `http://`, in ASCII without spaces, or empty",
    _BUTTON_ID: "the id of a button: 1 to 32 printable ASCII characters without spaces",
    _OTHER_COMMAND: "another name of a command: 1 to 32 characters without white space, `/` or `@`",
    _COMMAND: "the name of a command: 1 to 32 small letters, digits or `_`, a letter first",
}
"""What each pattern asks for, for people. Every pattern of this package has a row."""

SAFE_INTEGER_MAX = 2**53 - 1
"""The largest integer that every JSON implementation reads exactly (RFC 8259, section 6)."""

TEXT_MAX = 4000
SEARCH_TEXT_MAX = 200
GROUP_MEMBERS_MAX = 1000
PUBLIC_MEMBERS_MAX = 10_000
ADD_MAX = 50
PAGE_MAX = 200
HEADS_MAX = 1000

UserId = Annotated[str, Meta(pattern=_USER_ID, max_length=41, description="An opaque user id.")]
GroupId = Annotated[str, Meta(pattern=_GROUP_ID, max_length=41, description="An opaque group id.")]
Cid = Annotated[
    str,
    Meta(
        pattern=_CID,
        max_length=22,
        description="The client's name for one command: 16 random bytes as 22 characters of unpadded base64url.",
    ),
]
Pos = Annotated[int, Meta(ge=1, le=SAFE_INTEGER_MAX, description="The number of an entry in its group, from 1.")]
Cursor = Annotated[int, Meta(ge=0, le=SAFE_INTEGER_MAX, description="The last number already seen, 0 for none.")]
SectionNumber = Annotated[
    int, Meta(ge=0, le=999, description="A section of a group; 0 is the main one, that of messages that name none.")
]
Millis = Annotated[int, Meta(ge=0, le=SAFE_INTEGER_MAX, description="Milliseconds since 1970-01-01 UTC.")]
Subject = Annotated[
    str,
    Meta(pattern=_CLEAN_LINE, min_length=1, max_length=200, description="Whom a token speaks for (`sub`, RFC 7519)."),
]
Device = Annotated[str, Meta(pattern=_DEVICE, max_length=64, description="A name the client keeps for this device.")]
Client = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=100, description="Name and version of the program.")]
Token = Annotated[
    str, Meta(min_length=1, max_length=8192, description="A signed JSON Web Token, or the token of a bot.")
]
Name = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=80)]
Title = Annotated[str, Meta(pattern=_CLEAN_LINE, min_length=1, max_length=80)]
CleanText = Annotated[str, Meta(pattern=_CLEAN_TEXT)]
SectionTitle = Annotated[str, Meta(pattern=_SOME_LINE, min_length=1, max_length=40)]
SectionIntro = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=200)]
Nickname = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=40)]
Intro = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=1000)]
Text = Annotated[
    str,
    Meta(
        pattern=_SOME_TEXT,
        min_length=1,
        max_length=TEXT_MAX,
        description="Text with at least one character that is not white space.",
    ),
]
Greeting = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=200)]
Emoji = Annotated[
    str,
    Meta(
        pattern=_EMOJI,
        max_length=16,
        description="One emoji, or any other short sign without white space.",
    ),
]
Reason = Annotated[
    str,
    Meta(pattern=_CLEAN_LINE, max_length=200, description="Why, in one line; at most 200 code points."),
]
Line = Annotated[str, Meta(pattern=_CLEAN_LINE)]
Bio = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=500)]
FieldText = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=200)]
FieldName = Annotated[str, Meta(pattern=_FIELD, max_length=30)]
Handle = Annotated[str, Meta(pattern=_HANDLE, max_length=30, description="A name that nobody else has.")]
TagName = Annotated[str, Meta(min_length=1, max_length=32, description="A word of the host or the operator.")]
SearchText = Annotated[
    str,
    Meta(pattern=_SOME_TEXT, min_length=1, max_length=SEARCH_TEXT_MAX, description="What somebody looks for."),
]
SearchCursor = Annotated[str, Meta(pattern=_SEARCH_CURSOR, max_length=19, description="Opaque: where a page ended.")]
InviteId = Annotated[str, Meta(pattern=_INVITE_ID, max_length=41, description="An opaque invite id.")]
Secret = Annotated[str, Meta(pattern=_INVITING, max_length=22)]
Note = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=80)]
Answer = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=500)]
MessageKind = Annotated[
    str, Meta(pattern=_MESSAGE_KIND, max_length=40, description="A kind of message; those of hosts begin with `x-`.")
]
Alt = Annotated[
    str,
    Meta(
        pattern=_CLEAN_LINE,
        min_length=1,
        max_length=200,
        description="One line that stands for a message where it cannot be shown.",
    ),
]
Remark = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=200, description="One line of remark.")]
PageSize = Annotated[int, Meta(ge=1, le=PAGE_MAX)]

Level = Literal["all", "mentions", "none"]
ItemId = Annotated[
    str, Meta(pattern=_ITEM_ID, max_length=64, description="The id of a video or product at its source.")
]
ItemTitle = Annotated[str, Meta(pattern=_SOME_LINE, min_length=1, max_length=200)]
Url = Annotated[str, Meta(pattern=_URL, max_length=2000, description="An address with `http` or `https`.")]
Currency = Annotated[str, Meta(pattern=_CURRENCY, max_length=3, description="A currency of ISO 4217.")]
Price = Annotated[int, Meta(ge=0, le=10**12, description="Money in minor units of its currency.")]

ButtonId = Annotated[str, Meta(pattern=_BUTTON_ID, max_length=32, description="What a bot calls a button.")]
ButtonLabel = Annotated[str, Meta(pattern=_SOME_LINE, min_length=1, max_length=40)]
CommandName = Annotated[str, Meta(pattern=_COMMAND, max_length=32, description="What people write behind `/`.")]
OtherCommandName = Annotated[
    str, Meta(pattern=_OTHER_COMMAND, max_length=32, description="Another name of a command, in any writing.")
]
CommandText = Annotated[str, Meta(pattern=_CLEAN_LINE, max_length=100)]

ItemKind = Literal["video", "product"]
SendKind = Literal["text", "video_card", "product_card"]
Rules = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=4000)]
Notice = Annotated[str, Meta(pattern=_CLEAN_TEXT, max_length=2000, description="The text of an announcement.")]
WebAddress = Annotated[
    str,
    Meta(
        pattern=_WEB_ADDRESS,
        max_length=500,
        description="An address that begins with `https://` or `http://`, in ASCII without spaces, or empty for none.",
    ),
]

GroupKind = Literal["private", "public", "direct"]
Role = Literal["owner", "admin", "member", "silent"]
HistoryRule = Annotated[
    str,
    Meta(
        pattern=_HISTORY_RULE,
        max_length=9,
        description="What a newcomer sees of the past: `none`, `all`, or `last:N` for the newest N messages.",
    ),
]
EntryKind = Literal[
    "created",
    "members",
    "role",
    "settings",
    "moderation",
    "message",
    "edit",
    "recall",
    "reaction",
    "nicknames",
    "hidden",
    "card",
    "pin",
    "unpin",
    "feature",
    "unfeature",
    "owner",
    "announcement",
    "dissolved",
    "sections",
]
MineKind = Literal[
    "added",
    "removed",
    "direct",
    "archived",
    "restricted",
    "unrestricted",
    "profile",
    "invited",
    "request",
    "contact",
    "chat",
    "declined",
    "pressed",
]
SectionKind = Literal["chat", "announce", "showcase", "qa"]
EntryGate = Literal["open", "invite", "approval", "question"]
OnUnfollow = Literal["keep", "restrict", "remove"]
RequestState = Literal["pending", "approved", "refused", "withdrawn"]


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class _Frozen(msgspec.StructMeta):
    """Tells type checkers what msgspec does: a subclass of something frozen is frozen."""


class Data(msgspec.Struct, metaclass=_Frozen, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """Base of everything a client sends: a field we do not know is an error, so that nobody is misunderstood."""

    def checked(self, _where: str) -> Data:
        """This, if it also holds what the types of its fields cannot say. Raises `codec.Invalid` with a path below
        `_where`."""
        return self


class View(msgspec.Struct, metaclass=_Frozen, omit_defaults=True, frozen=True):
    """Base of everything a server sends: a reader skips fields it does not know."""
