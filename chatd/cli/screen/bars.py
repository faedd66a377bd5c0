"""What stands at the edges: who one is, which group is open and how it stands, what is being written, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from chatd.cli.chat_people import count_here, in_rank
from chatd.cli.screen.acts import KEY_OF, buttons_of
from chatd.cli.screen.bar import Part
from chatd.cli.screen.cells import Row, clean, cut, cut_row, width, wrap
from chatd.cli.screen.ink import style_of
from chatd_protocol.groups import GroupLine, Member

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage

MEMBERS_MAX: Final = 200
TITLE_MIN: Final = 14
"""What is said about a group gives way to so much of its title."""
OFFERS_MIN: Final = 5
OFFERS_MAX: Final = 12
"""So many completions are shown at once, by how high the terminal is."""
HINTED: Final = ("reply", "edit", "recall", "react", "forward", "copy", "pin")
"""Acts whose keys are shown while a message is chosen."""


def show(app: Backstage) -> None:
    """Draw all of them as things are now."""
    line = app.state.lines.get(app.state.open or "")
    app.bars["top"].set(_top(app))
    app.bars["title"].set(_title(app, line))
    app.bars["tabs"].set(*([_tabs(app, line)] if line is not None and line.sections else []))
    app.bars["banner"].set(*_banner(app))
    app.bars["aim"].set(*_aim(app))
    app.bars["status"].set(_status(app))
    _details(app, line)


def show_offers(app: Backstage) -> None:
    """What could stand where one writes, above it; the next one first."""
    offers = app.composer.offers
    fit = max(OFFERS_MIN, min(OFFERS_MAX, app.size.height // 3))
    first = max(0, min(app.composer.offered - fit // 2, len(offers) - fit))
    rows: list[list[Part]] = []
    for index, offer in list(enumerate(offers))[first : first + fit]:
        chosen = index == app.composer.offered
        about = f"  {offer.about}" if offer.about else ""
        spot = f"offer {index}"
        rows.append(
            [
                ("accent" if chosen else "text", ("» " if chosen else "  ") + clean(offer.text), spot),
                ("dim", about, spot),
            ]
        )
    if len(offers) > fit:
        place = app.words("offer_place", number=app.composer.offered + 1, count=len(offers))
        rows.append([("faint", f"  {place}", "")])
    app.bars["offers"].set(*rows)


def _top(app: Backstage) -> list[Part]:
    hello = app.client.hello
    count = sum(one.unread for one in app.state.lines.values() if one.chat is None or one.chat.level != "none")
    name = clean(hello.name or app.state.names.of(hello.user)) if hello else "chatd"
    unread: list[Part] = [("dim", "  " + app.words("unread", count=count), "beside(1, True)")] if count else []
    return [("bold", cut(name, 16), "view('help')"), *unread]


def _title(app: Backstage, line: GroupLine | None) -> list[Part]:
    if line is None:
        return [("dim", app.words("pick_a_chat" if app.chats.lines else "hint_help"), "view('help')")]
    about: list[Part] = []
    if line.peer is not None:
        known = app.state.here.get(line.peer)
        if known is not None:
            sign, key = (app.signs.here, "is_here") if known else (app.signs.away, "is_away")
            about.append(("good" if known else "dim", f" {sign} {app.words(key)}", "details"))
    else:
        about.append(
            ("dim", f"  {app.words('members_of', members=line.members, count=line.members)}", "view('members')")
        )
        if app.state.online and app.state.here and app.conversation.members:
            count, unknown = count_here(app.conversation.members, app.state.here)
            key = "here_some" if unknown else "here_now"
            about.append(("good", f" · {app.words(key, count=count, unknown=unknown)}", "view('members')"))
    below: list[Part] = [] if app.timeline.at_newest else [("accent", "  " + app.words("to_newest"), "newest")]
    title, whole = clean(app.render_text.title(line)), app.bars["title"].size.width - 2
    while about and whole - _cells([*about, *below]) < min(width(title), TITLE_MIN):
        about.pop()  # Half of a number says something else.
    room = max(whole - _cells([*about, *below]), 8)
    return [("bold", cut(title, room), "details"), *about, *below]


def _cells(parts: list[Part]) -> int:
    return sum(width(text) for _, text, _ in parts)


def _tabs(app: Backstage, line: GroupLine) -> list[Part]:
    parts: list[Part] = []
    for one in line.sections:
        title = clean(one.title) or app.words("section_main")
        current = one.section == app.state.section
        count = f" ({one.unread})" if one.unread else ""
        called = "@" if one.mentions else ""
        shown = f"[{title}{count}{called}]" if current else f" {title}{count}{called} "
        parts.append(("tab_on" if current else "mention" if one.mentions else "tab", shown, f"section {one.section}"))
    return parts


def _banner(app: Backstage) -> list[list[Part]]:
    """What stands on top of the group; what keeps one from writing comes first."""
    info = app.conversation.info
    if info is None:
        return []
    words, parts = app.words, []
    if info.line.gone_at is not None:
        parts.append(("error", words("about_ends", time=app.render_text.until(info.line.gone_at))))
    if info.restricted_self is not None:
        parts.append(("error", words("about_restricted", until=app.render_text.end(info.restricted_self.until))))
    elif info.restricted is not None:
        parts.append(("error", words("about_silent")))
    if info.slow_s:
        parts.append(("notice", words("about_slow", seconds=info.slow_s)))
    if info.announcement is not None:
        parts.append(("notice", words("announcement", text=clean(info.announcement.text))))
    row: list[Part] = []
    for style, text in parts:
        row += [("faint", " · ", "")] if row else []
        row.append((style, text, "details"))
    return [_with_key(app, row, "hint_whole", app.bars["title"].size.width - 2)] if row else []


def _with_key(app: Backstage, row: list[Part], hint: str, room: int) -> list[Part]:
    """The row, and where it has to be cut the key that shows it whole."""
    if app.right.display or _cells(row) <= room:
        return row
    key = f" {app.words(hint)}"
    short = cut_row([(style, text) for style, text, _ in row], max(room - width(key), 1))
    return [*((style, text, "details") for style, text in short), ("accent", key, "details")]


def _aim(app: Backstage) -> list[list[Part]]:
    cancel: Part = ("faint", "  " + app.words("cancel"), "aim")
    if app.editing is not None:
        return [[("accent", app.words("rewriting", pos=app.editing), "aim"), cancel]]
    transcript = app.transcript
    message = transcript.messages.get(app.reply_to) if transcript is not None and app.reply_to is not None else None
    if message is None:
        return []
    text = app.words("replying", name=app.render_text.name(message.sender), text=app.render_text.text(message))
    room = max(app.bars["aim"].size.width - 2 - width(cancel[1]), 10)
    return [[("accent", cut(clean(text), room), "aim"), cancel]]


def _status(app: Backstage) -> list[Part]:
    words, online = app.words, app.state.online
    sign = app.signs.here if online else app.signs.away
    told = words("state_online") if online else app.watcher.offline()
    parts: list[Part] = [("good" if online else "error", f"{sign} {told}", "")]
    if app.state.typing:
        parts.append(("notice", f"  {clean(app.state.typing)}", ""))
    gap: Part = ("faint", " · ", "")
    if not online and app.state.retry_in_s:
        parts += [gap, ("accent", words("hint_retry"), "retry")]
    if app.timeline.has_focus:
        return [*parts, *_act_hints(app, app.bars["status"].size.width - 2 - sum(width(text) for _, text, _ in parts))]
    if app.chats.has_focus:
        return [*parts, gap, ("dim", words("hint_list"), "")]
    hints = (
        ("hint_help", "view('help')"),
        ("hint_chats", "chats"),
        ("hint_search", "view('search')"),
        ("hint_details", "details"),
        ("hint_choose", ""),
        ("hint_quit", "leave"),
    )
    room = app.bars["status"].size.width
    for name, spot in hints:
        more: list[Part] = [gap, ("dim", words(name), spot)]
        if sum(width(text) for _, text, _ in [*parts, *more]) <= room:
            parts += more
    return parts


def _act_hints(app: Backstage, room: int) -> list[Part]:
    """The keys for what may be done with the chosen message, as many as there is room for."""
    words, transcript, pos = app.words, app.transcript, app.timeline.chosen
    message = transcript.messages.get(pos) if transcript is not None and pos is not None else None
    acts = app.acts.allowed(message) if message is not None else []
    buttons = len(buttons_of(message))
    pressed = [f"{'1' if buttons == 1 else f'1–{min(buttons, 9)}'} {words('hint_press')}"] if buttons else []
    named = (f"{KEY_OF[name]} {words(f'hint_{name}')}" for name in HINTED if name in acts)
    keys = [words("hint_more"), *pressed, *named]
    back = f" · {words('hint_back')}"
    shown = ""
    for key in keys:
        if width(shown) + width(key) + width(back) + 3 <= room:
            shown += f" · {key}"
    return [("dim", shown + back, "")]


def _details(app: Backstage, line: GroupLine | None) -> None:
    if line is not None and app.right.display:
        app.details.update(details_of(app, line, max(app.right.size.width - 3, 10)))


def details_of(app: Backstage, line: GroupLine, cells: int) -> Text:
    """What there is to know of a group, in rows of so many cells."""
    ink, words, info = app.ink(), app.words, app.conversation.info
    rows: list[Row] = []

    def put(style: str, part: str) -> None:
        rows.extend(wrap([(style, part)], cells))

    put("bold", clean(app.render_text.title(line)))
    if info is not None and info.intro:
        put("text", clean(info.intro))
    if info is not None and info.announcement is not None:
        put("notice", "\n" + words("announcement", text=clean(info.announcement.text)))
    if info is not None and info.rules:
        put("dim", "\n" + words("about_rules", text=clean(info.rules)))
    if line.peer is None:
        put("dim", "\n" + words("title_members", count=line.members))
    members = in_rank(app.conversation.members, app.state.here, app.render_text.called)
    rows += [_member(app, one, cells) for one in members[:MEMBERS_MAX]]
    pieces = [(text, ink[style]) for row in rows for style, text in (*row, ("", "\n"))]
    return Text.assemble(*pieces, no_wrap=True)


def _member(app: Backstage, one: Member, cells: int) -> Row:
    """One row of so many cells. A long name is cut, what somebody is stays."""
    here = app.state.here.get(one.user) if not one.bot else None
    sign = app.signs.here if here else app.signs.away if here is False else " "
    own = app.render_text.is_me(one.user)
    role = " " + app.words("is_bot" if one.bot else f"role_{one.role}") if one.bot or one.role != "member" else ""
    tags = "".join(f" [{clean(tag)}]" for tag in one.tags)
    name = cut(clean(app.render_text.called(one.user)), max(cells - 2 - width(role), 1))
    style = "mine" if own else style_of(one.user)
    return cut_row([("good" if here else "faint", sign + " "), (style, name), ("dim", role), ("notice", tags)], cells)
