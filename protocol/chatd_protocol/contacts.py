"""Asking somebody who is not mutual for a direct chat."""

from __future__ import annotations

from typing import Literal

from chatd_protocol.values import Cid, Data, Greeting, GroupId, Millis, PageSize, UserId, View


class RequestContact(Data):
    """`contact.request`: ask somebody who is not mutual for a direct chat, once. `text` is what they read first."""

    user: UserId
    cid: Cid
    text: Greeting = ""


class ContactOk(View):
    """`sent`: it waits for them. `already`: it was sent before. `mutual`: no need, create the direct chat."""

    user: UserId
    state: Literal["sent", "already", "mutual"]


class AcceptContact(Data):
    """`contact.accept`: the direct chat of the two can be written although they are not mutual, until one blocks the
    other. The words of the request are its first message."""

    user: UserId
    cid: Cid


class AcceptContactOk(View):
    user: UserId
    group: GroupId


class DeclineContact(Data):
    """`contact.decline`: the asker is told nothing, and does not get to ask again."""

    user: UserId
    cid: Cid


class ListContacts(Data):
    """`contact.list`: requests that wait for the caller, by id of the asker, ascending."""

    after: UserId | None = None
    limit: PageSize = 100


class ContactRequest(View):
    user: UserId
    at: Millis
    text: str = ""
    name: str = ""


class ContactRequests(View):
    requests: list[ContactRequest]
    more: UserId | None = None
