"""People: looking them up, finding them, what they show of themselves, and the devices they use."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from chatd_protocol.values import (
    Bio,
    Cid,
    Data,
    Device,
    FieldName,
    FieldText,
    Handle,
    Line,
    Millis,
    Name,
    Subject,
    TagName,
    UserId,
    View,
)

SEARCH_MAX = 50
ERASED_SUB: Final = "erased:"
"""What stands where the `sub` of an erased person stood, before their id."""
LastSeen = Literal["everybody", "mutual", "nobody"]
MayPull = Literal["mutual", "ask", "nobody"]


class GetUsers(Data):
    """`user.get`: people by id or by the `sub` that their tokens carry. Unknown ones are left out."""

    users: Annotated[list[UserId], Meta(max_length=100)] = []
    subs: Annotated[list[Subject], Meta(max_length=100)] = []


class Tag(View):
    """A verified tag. `source` says who vouches for it; it counts until `until`, or until it is taken away."""

    tag: TagName
    source: Literal["host", "operator"]
    until: Millis | None = None


class User(View):
    """A person. `seen`: when they were last here, for those who may know; `fields` as the server declares them. Of who
    was erased nothing is left but the id: the `sub` is `erased:` and that, the name is empty."""

    user: UserId
    sub: str
    name: str = ""
    handle: str = ""
    avatar: str = ""
    bio: str = ""
    fields: dict[FieldName, str] = {}
    tags: list[Tag] = []
    seen: Millis | None = None
    disabled: bool = False
    bot: bool = False
    """A program, and no person."""


class GetUsersOk(View):
    users: list[User]


class FindUsers(Data):
    """`user.search`: with `@` in front, the one with exactly this handle; else people whose name contains the query,
    those whose name begins with it first. Who does not want to be found is not."""

    query: Annotated[Line, Meta(min_length=1, max_length=40)]
    limit: Annotated[int, Meta(ge=1, le=SEARCH_MAX)] = 20


class FoundUsers(View):
    """`more`: there are others; a longer query finds them."""

    users: list[User]
    more: bool = False


class UpdateProfile(Data):
    """`user.update`: what is named changes, at least one thing. `""` empties. A name in the host's token wins at the
    next hello."""

    cid: Cid
    name: Name | None = None
    avatar: Annotated[Line, Meta(max_length=500)] | None = None
    bio: Bio | None = None
    fields: Annotated[dict[FieldName, FieldText], Meta(max_length=50)] | None = None


class ProfileOk(View):
    """What others see now."""

    user: UserId
    name: str = ""
    avatar: str = ""
    bio: str = ""
    fields: dict[FieldName, str] = {}


class SetHandle(Data):
    """`user.handle`: take a handle, which nobody has in whatever case. The old one stays reserved for a while."""

    cid: Cid
    handle: Handle


class HandleOk(View):
    """`change_at`: when it may be changed again."""

    handle: str
    change_at: Millis


class GetPrivacy(Data):
    """`privacy.get`."""


class SetPrivacy(Data):
    """`privacy.set`, one at least: `findable` says whether `user.search` shows the caller, `last_seen` who learns when
    they were last here, `receipts` whether others see how far they have read, `pull` whether people who are mutual may
    pull them into groups, must ask first, or may not, `requests` whether others may ask for a chat."""

    cid: Cid
    findable: bool | None = None
    last_seen: LastSeen | None = None
    receipts: bool | None = None
    pull: MayPull | None = None
    requests: bool | None = None


class Privacy(View):
    findable: bool
    last_seen: LastSeen
    pull: MayPull
    requests: bool
    receipts: bool = False


class ListDevices(Data):
    """`device.list`: the devices that the caller used, the newest first."""


class DeviceLine(View):
    """`current`: the one that asks. `online`: connected now. `first` and `seen` are when it came first and last."""

    device: Device
    first: Millis
    seen: Millis
    client: str = ""
    current: bool = False
    online: bool = False


class Devices(View):
    devices: list[DeviceLine]


class RevokeDevice(Data):
    """`device.revoke`: tokens issued so far are refused on this device, and its connection is closed; without `device`
    on all, the caller's own included."""

    cid: Cid
    device: Device | None = None


class RevokeDeviceOk(View):
    """`before`: tokens issued earlier than this are refused."""

    before: Millis


class ProfileField(View):
    """A field of profiles that the server's operator declared, with its title in English and in Chinese."""

    name: FieldName
    en: str
    zh: str
