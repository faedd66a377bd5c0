"""Accounts of a community without a host app: what goes over HTTP, as JSON. The README beside it lists the routes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.values import Data, Device, Line, Millis, Name, UserId, View

Login = Annotated[Line, Meta(min_length=3, max_length=64, description="A word to sign in by: a name, an address.")]
Password = Annotated[Line, Meta(min_length=1, max_length=256)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]


class SignUp(Data):
    """`POST /accounts/sign-up`. `code` where people are let in one by one."""

    login: Login
    password: Password
    device: Device
    name: Name = ""
    code: Code | None = None


class SignIn(Data):
    """`POST /accounts/sign-in`."""

    login: Login
    password: Password
    device: Device


class SignedIn(View):
    """A token for `session.hello`, good on this device until `expires`."""

    user: UserId
    token: str
    expires: Millis


class SignOut(Data):
    """`POST /accounts/sign-out`, with the token in `Authorization: Bearer`: on its device, or `everywhere`."""

    everywhere: bool = False


class Renew(Data):
    """`POST /accounts/renew`, with the token in `Authorization: Bearer`: a fresh one for the same device."""


class ChangePassword(Data):
    """`POST /accounts/password`. Every token of before is refused from then on; the answer has a fresh one."""

    login: Login
    password: Password
    new_password: Password
    device: Device


class StartReset(Data):
    """`POST /accounts/reset`: have a code delivered. The answer is the same whether there is such an account or not."""

    login: Login


class FinishReset(Data):
    """`POST /accounts/reset/finish`: a new password for the code. Every token of before is refused from then on."""

    login: Login
    code: Code
    new_password: Password
    device: Device


class Done(View):
    """It is done."""
