"""The word list at work: read from the operator's files, and applied to what people write.

It is applied in front of the commit, in the hub: bounded text, bounded time, and no rule of the store depends on it.
A request is recognised under its `cid` as it was sent, and what was accepted once keeps its answer, whatever the list
says by then (`Refuse`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from chatd.core.refusal import Refused
from chatd.core.words import Action, WordList, fold, mask

TEXTS: Final[dict[str, tuple[str, ...]]] = {
    "message.send": ("body.text", "body.alt", "body.menu.label"),
    "message.edit": ("text", "menu.label"),
    "bot.commands": ("commands.en", "commands.zh"),
    "nickname.set": ("nickname",),
    "group.create": ("title", "intro"),
    "group.update": ("title", "intro", "rules"),
    "feature.add": ("note",),
    "group.announce": ("text",),
    "section.create": ("title", "intro"),
    "section.update": ("title", "intro"),
    "contact.request": ("text",),
    "invite.create": ("note",),
    "invite.redeem": ("answer",),
    "group.entry": ("question",),
    "group.join": ("answer",),
    "request.create": ("answer",),
    "user.update": ("name", "bio", "fields"),
}
"""By op: the fields in which people say something to others. A word with `mask` is covered there."""
NAMES: Final[dict[str, tuple[str, ...]]] = {"user.handle": ("handle",), "bot.commands": ("commands.also",)}
"""Fields that name somebody or something: a word with `mask` is refused there: covered, it would be another one."""
FILE_BYTES_MAX: Final = 64 * 2**20
WORD_MAX: Final = 100
PROBLEMS_MAX: Final = 20


class WordSettings(msgspec.Struct, frozen=True):
    """Where the words come from, and how they are looked for."""

    files: tuple[str, ...] = ()
    action: Action = "block"
    whole_words: bool = True
    skip_separators: bool = False
    tell: bool = False
    words_max: int = 200_000


class BadWords(ValueError):
    """The files cannot be used. `problems` name file and line, and not what stands there."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_words(settings: WordSettings) -> WordList:
    """A list from the files: a word a line, perhaps a tab and `block` or `mask`; `#` begins a comment.

    Takes time with a large list: not to be called on the loop. Raises `BadWords`.
    """
    words: list[tuple[str, Action]] = []
    problems: list[str] = []
    for name in settings.files:
        for line, found in _read(name, settings.action, problems):
            if isinstance(found, str):
                problems.append(f"{name}:{line}: {found}")
            else:
                words.append(found)
            if len(words) > settings.words_max:
                problems.append(f"{name}:{line}: more than {settings.words_max} words ([words] words_max)")
            if len(problems) >= PROBLEMS_MAX or len(words) > settings.words_max:
                raise BadWords(problems)
    if problems:
        raise BadWords(problems)
    return WordList(words, whole_words=settings.whole_words, skip_separators=settings.skip_separators)


def _read(name: str, action: Action, problems: list[str]) -> Iterator[tuple[int, tuple[str, Action] | str]]:
    """(line, word with its action, or what is wrong)."""
    try:
        with Path(name).open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{name}: {error.strerror}")
        return
    except UnicodeDecodeError:
        problems.append(f"{name}: not UTF-8")
        return
    if len(raw) > FILE_BYTES_MAX:
        problems.append(f"{name}: more than {FILE_BYTES_MAX} bytes")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, _word_of(line, action)


def _word_of(line: str, action: Action) -> tuple[str, Action] | str:
    word, tab, after = line.partition("\t")
    word, after = word.strip(), after.strip()
    if tab and after not in ("block", "mask"):
        return "behind the tab: expected block or mask"
    if not 1 <= len(fold(word, skip_separators=True).text) <= WORD_MAX:
        return f"no word of 1 to {WORD_MAX} characters"
    if after:
        return word, "mask" if after == "mask" else "block"
    return word, action


class Words:
    """The list that holds now, and what it did. `swap` is one step: no request sees half of a list."""

    def __init__(self, settings: WordSettings | None = None, words: WordList | None = None) -> None:
        self.settings = settings or WordSettings()
        self.words = words or WordList(())
        self.done: Counter[str] = Counter()
        """Requests that were blocked or masked."""

    def swap(self, words: WordList) -> None:
        """From the next request on."""
        self.words = words

    def apply(self, op: str, request: Any) -> Any:
        """The request with what has to be covered covered. Raises `Refused("blocked")`, which names the field."""
        if not len(self.words):
            return request
        before = request
        for path in TEXTS.get(op, ()):
            request = self._apply_to(request, path.split("."), "$.data", "mask")
        for path in NAMES.get(op, ()):
            request = self._apply_to(request, path.split("."), "$.data", "block")
        if request is not before:
            self.done["masked"] += 1
        return request

    def _apply_to(self, holder: Any, path: list[str], at: str, masks: Action) -> Any:
        """The holder with the field at `path` judged; the same one if nothing had to be covered."""
        name, *rest = path
        value = getattr(holder, name, None)
        where = f"{at}.{name}"
        if rest and value is not None:
            judged = self._apply_to_each(value, rest, where, masks)
        elif isinstance(value, str):
            judged = self._judge(value, where, masks)
        elif isinstance(value, dict):
            judged = {key: self._judge(text, f"{where}[...]", masks) for key, text in value.items()}
            judged = value if judged == value else judged
        elif isinstance(value, list):
            judged = [self._judge(text, f"{where}[{index}]", masks) for index, text in enumerate(value)]
            judged = value if judged == value else judged
        else:
            return holder
        return holder if judged is value else msgspec.structs.replace(holder, **{name: judged})

    def _apply_to_each(self, value: Any, path: list[str], where: str, masks: Action) -> Any:
        """The same for what may be a list, or a list of lists."""
        if not isinstance(value, list):
            return self._apply_to(value, path, where, masks)
        judged = [self._apply_to_each(one, path, f"{where}[{at}]", masks) for at, one in enumerate(value)]
        return value if all(one is before for one, before in zip(judged, value, strict=True)) else judged

    def _judge(self, text: str, where: str, masks: Action) -> str:
        found = self.words.find(text)
        if not found:
            return text
        blocked = [one for one in found if one.action == "block" or masks == "block"]
        if blocked:
            self.done["blocked"] += 1
            said: dict[str, Any] = {}
            if self.settings.tell:
                said["words"] = [text[one.start : one.end] for one in blocked]
            raise Refused("blocked", path=where, **said)
        return mask(text, found)
