"""`chatd chat`: one person talks from a terminal, or a script talks through it.

On a terminal the whole screen is the chat (`chatd.cli.screen`). With `--plain`, or where the terminal cannot be drawn
on, there is a line to type in and a status below it, and everything else scrolls by; otherwise lines come from standard
input and the program ends when they do, after everything was answered.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from chatd.cli.chat_commands import Commander, Mistyped
from chatd.cli.chat_events import Watcher
from chatd.cli.chat_render import ERROR, NOTICE, Renderer
from chatd.cli.chat_screen import PlainScreen, Screen, TerminalScreen, hung_up, say_nowhere
from chatd.cli.chat_state import Names, State
from chatd.cli.chat_words import Lang, Words, lang_of
from chatd_client import Client, ClientClosed
from chatd_protocol.codec import Invalid, shape
from chatd_protocol.session import Hello

PROGRAM: Final = "chatd chat"
DONE: Final = 0
REFUSED: Final = 1
"""Something that was asked for was refused, or the server ended the session."""
MISUSED: Final = 2

PATIENCE_S: Final = 15.0
"""How long a script waits for a server that does not answer; a restart takes less."""

Token = str | Callable[[], Awaitable[str]]


def chat(
    url: str,
    token: str | None = None,
    token_file: Path | None = None,
    group: str | None = None,
    lang: str | None = None,
    device: str | None = None,
    *,
    plain: bool = False,
    patience_s: float = PATIENCE_S,
) -> int:
    """Run until `/quit` or the end of the input. Returns the exit status: 0, 1 if anything was refused, 2 for wrong
    arguments, which are explained on standard error.

    `token_file` is read for every connection, so whoever renews the file renews the session. `lang`: `zh` or `en`, by
    default what the environment says. `device`: by default another one each time, so that two terminals of one person
    do not push each other out. `plain`: a line to type in, not the whole screen. `patience_s`: how long a script waits
    for a server that does not answer.
    """
    words = Words(lang_of(os.environ))
    try:
        words = words if lang is None else _words(lang)
        given = token_of(token, token_file)
        client = _client(url, given, device or f"terminal-{secrets.token_hex(4)}")
    except Mistyped as mistake:
        print(words(mistake.key, **mistake.values), file=sys.stderr)
        return MISUSED
    try:
        if not plain and draws(os.environ):
            return _fill_screen(client, words, group)
        return _talk(client, url, words, group, patience_s)
    except KeyboardInterrupt:
        return DONE


def _words(lang: str) -> Words:
    chosen: dict[str, Lang] = {"zh": "zh", "en": "en"}
    if lang not in chosen:
        raise Mistyped("bad_lang")
    return Words(chosen[lang])


def token_of(token: str | None, token_file: Path | None) -> Token:
    """The one that was given; for a file, what reads it again whenever a token is needed. Raises `Mistyped`."""
    if token is not None and token_file is not None:
        raise Mistyped("two_tokens")
    if token is not None:
        return token
    if token_file is None:
        raise Mistyped("no_token")
    path = token_file

    def read() -> str:
        return path.read_text(encoding="ascii").strip()

    async def fresh_token() -> str:
        return await asyncio.to_thread(read)

    try:
        read()
    except (OSError, UnicodeDecodeError) as error:
        raise Mistyped("bad_token_file", path=path, why=type(error).__name__) from error
    return fresh_token


def _client(url: str, token: Token, device: str) -> Client:
    try:
        shape({"token": "t", "device": device}, Hello)
    except Invalid:
        raise Mistyped("bad_device") from None
    try:
        return Client(url, token=token, device=device, program=PROGRAM)
    except ValueError as error:
        raise Mistyped("bad_url", why=error) from error


def draws(environ: Mapping[str, str]) -> bool:
    """Whether there is a terminal that can be drawn on, at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


def _fill_screen(client: Client, words: Words, group: str | None) -> int:
    """Chat on the whole screen. What is to be said at the end is said below, when the terminal is itself again."""
    from chatd.cli.screen.app import run

    status, last_words = asyncio.run(run(client, words, group))
    if last_words:
        print(last_words, file=sys.stderr)
    return status


def _talk(client: Client, url: str, words: Words, group: str | None, patience_s: float) -> int:
    """Chat line by line. A terminal that goes is the end of the input, whatever fails of it first."""
    screen = _screen()
    try:
        return asyncio.run(converse(client, url, screen, words, group, patience_s))
    except OSError:
        if screen.interactive and hung_up(sys.stdin.fileno()):
            return DONE
        raise
    finally:
        if screen.interactive and hung_up(sys.stdin.fileno()):
            say_nowhere()


def _screen() -> Screen:
    if sys.stdin.isatty() and sys.stdout.isatty():
        return TerminalScreen()
    return PlainScreen(sys.stdin, sys.stdout)


async def converse(
    client: Client, url: str, screen: Screen, words: Words, group: str | None = None, patience_s: float = PATIENCE_S
) -> int:
    """Talk through a screen until its input ends, with everything answered, or the server ends it; where nobody sits,
    also when there is no server for so long."""
    state = State(Names(client, operator=words("operator_name")))
    render = Renderer(
        words,
        lambda: client.hello.user if client.hello else "",
        state.called,
        section_of=state.section_title,
        own_name_of=state.names.of,
    )
    watcher = Watcher(client, state, screen, render, words)
    commander = Commander(client, state, screen, render, words, watcher)
    if isinstance(screen, TerminalScreen):
        screen.people = lambda: (*state.others(client.hello.user if client.hello else ""), words("everybody"))
    with screen.drawn():
        watcher.say(NOTICE, "connecting", url=url)
        watching = asyncio.create_task(watcher.watch())
        typing = asyncio.create_task(_read(client, commander, screen, group))
        tiring = asyncio.create_task(_tire(state, screen, patience_s))
        tired = False
        try:
            await asyncio.wait([watching, typing, tiring], return_when=asyncio.FIRST_COMPLETED)
            tired = tiring.done()
        finally:
            for task in (typing, tiring):
                task.cancel()
            await asyncio.gather(typing, tiring, return_exceptions=True)
            await client.close()
            closed = await watching
        if tired:
            why = state.lost_why or words("lost_no_answer")
            watcher.say(ERROR, "given_up", url=url, seconds=f"{patience_s:g}", why=why)
        elif closed is None and screen.interactive:  # A script reads what it asked for to the last line.
            watcher.say(NOTICE, "bye")
    return REFUSED if tired or closed is not None or commander.failed else DONE


async def _tire(state: State, screen: Screen, patience_s: float) -> None:
    """Return when a script has had no session for so long; a person sees that it is tried, and may go on waiting."""
    while True:
        try:
            async with asyncio.timeout(None if screen.interactive else patience_s):
                await state.is_online.wait()  # bounded above, but where somebody sits and can end it
        except TimeoutError:
            return
        await state.is_offline.wait()  # as long as the session lasts


async def _read(client: Client, commander: Commander, screen: Screen, group: str | None) -> None:
    """Do what is typed, from the first session on."""
    try:
        await client.connect()
        if group is not None:
            await commander.do(f"/open {group}")
        async for line in screen.lines():
            await commander.do(line)
            if commander.over:
                break
        await commander.settle()
    except ClientClosed:
        return  # The watcher says why.
