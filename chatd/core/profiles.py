"""What people show of themselves, and how they are found: names, profiles, privacy, verified tags.

A name is found by any part of it: each of its endings is a row of `NamePart`, so that looking for a part is looking for
the beginning of an ending, in an index, on either database. Who does not want to be found, or is disabled, has no rows.
"""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar, Final

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.values import User

PART_MAX: Final = 16
"""Code points of a name's ending that can be looked for."""
TAGS_MAX: Final = 20
PRIVACY: Final = {"findable": True, "last_seen": "mutual", "receipts": False, "pull": "mutual", "requests": True}


class NamePart(Record):
    """One ending of somebody's folded name, as UTF-8: bytes sort alike on every database."""

    table: ClassVar[str] = "name_parts"
    key_fields: ClassVar[int] = 2

    user_id: str
    part: bytes


def fold_name(name: str) -> str:
    """A name as it is compared: width and case make no difference."""
    return unicodedata.normalize("NFKC", name).casefold()


def name_parts(user: User) -> set[bytes]:
    """What this person can be found by."""
    if user.disabled or not privacy_of(user)["findable"]:
        return set()
    folded = fold_name(user.name)
    return {folded[at : at + PART_MAX].encode() for at in range(len(folded)) if not folded[at].isspace()}


def index_name(facts: Facts, user: User, before: set[bytes]) -> None:
    """Bring the rows up to date after a change; `before` is what `name_parts` said then."""
    after = name_parts(user)
    for part in sorted(before - after):
        facts.drop(NamePart, user.id, part)
    for part in sorted(after - before):
        facts.put(NamePart(user.id, part))


def privacy_of(user: User) -> dict[str, Any]:
    """What this person chose, with the defaults filled in."""
    return {key: user.settings.get(key, default) for key, default in PRIVACY.items()}


def profile_of(user: User) -> dict[str, Any]:
    """Name, avatar, introduction and fields, as they go on the wire; what is empty is left out."""
    shown = {"name": user.name} | {key: user.profile.get(key) for key in ("avatar", "bio", "fields")}
    return {key: value for key, value in shown.items() if value}


def tags_of(user: User, now_ms: int) -> list[dict[str, Any]]:
    """The verified tags that count now."""
    return _counting(user.profile, now_ms)


def tag_names(profile: dict[str, Any], now_ms: int) -> list[str]:
    """The same without who vouches for them, each once."""
    return list(dict.fromkeys(tag["tag"] for tag in _counting(profile, now_ms)))


def _counting(profile: dict[str, Any], now_ms: int) -> list[dict[str, Any]]:
    return [tag for tag in profile.get("tags", ()) if tag.get("until", now_ms + 1) > now_ms]


def tell_profile(facts: Facts, user: User) -> None:
    """The person's other devices learn that what others see of them changed."""
    facts.changed_users.add(user.id)
    facts.log(user.id, "profile", None, None, tags=tags_of(user, facts.now_ms))


def set_tags(facts: Facts, user: User, source: str, tags: list[dict[str, Any]]) -> bool:
    """Replace what this source vouches for. Returns whether something changed. Raises `limit`."""
    before = user.profile.get("tags", [])
    after = [tag for tag in before if tag["source"] != source] + tags
    if after == before:
        return False
    if len(after) > TAGS_MAX:
        raise Refused("limit", bound="tags_per_user", max=TAGS_MAX)
    user.profile = user.profile | {"tags": after}
    return True


class UpdateProfile(Command, frozen=True, tag="profile"):
    """Change what is not None; an empty field goes."""

    name: str | None
    avatar: str | None
    bio: str | None
    fields: dict[str, str] | None

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `invalid` for a field that is not declared, `limit` for one that is too long."""
        user, bounds = facts.users[self.actor], facts.bounds
        for name, text in (self.fields or {}).items():
            if name not in bounds.profile_fields:
                raise Refused("invalid", "There is no such field of profiles", path=f"$.data.fields.{name}")
            if len(text) > bounds.profile_field_max:
                raise Refused("limit", bound="profile_field_max", max=bounds.profile_field_max)
        before = name_parts(user)
        if self.name is not None:
            user.name = self.name
        changed: dict[str, Any] = {"avatar": self.avatar, "bio": self.bio}
        if self.fields is not None:
            fields = user.profile.get("fields", {}) | self.fields
            changed["fields"] = {key: text for key, text in fields.items() if text}
        user.profile = user.profile | {key: value for key, value in changed.items() if value is not None}
        index_name(facts, user, before)
        tell_profile(facts, user)
        return {"user": user.id} | profile_of(user)


class SetPrivacy(Command, frozen=True, tag="privacy"):
    """Change what is not None."""

    findable: bool | None
    last_seen: str | None
    receipts: bool | None = None
    pull: str | None = None
    requests: bool | None = None

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        user = facts.users[self.actor]
        before = name_parts(user)
        chosen = {name: getattr(self, name) for name in PRIVACY}
        user.settings = user.settings | {key: value for key, value in chosen.items() if value is not None}
        facts.changed_users.add(user.id)
        index_name(facts, user, before)
        return privacy_of(user)


class SetTag(Wish, frozen=True, tag="tag"):
    """The operator gives somebody a tag, until a time or for good, or takes it away."""

    user: str
    name: str
    until: int | None
    on: bool

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `limit`."""
        user = facts.user(self.user)
        own = [tag for tag in user.profile.get("tags", ()) if tag["source"] == "operator" and tag["tag"] != self.name]
        if self.on:
            until = {} if self.until is None else {"until": self.until}
            own.append({"tag": self.name, "source": "operator"} | until)
        if set_tags(facts, user, "operator", own):
            tell_profile(facts, user)
            facts.audit("user.tag", by=None, user=user.id, tag=self.name, on=self.on)
        return {"user": user.id, "tags": tags_of(user, facts.now_ms)}
