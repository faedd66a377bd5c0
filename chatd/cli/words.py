"""`chatd words`: look at the word list, try it, and have the running server read it anew."""

from __future__ import annotations

from chatd.admin.socket import AdminError, call
from chatd.cli.run import _failed, _say
from chatd.config import Config
from chatd.core.words import mask
from chatd.service.words import BadWords, read_words
from chatd.tuning import word_settings


def check(config: Config, as_json: bool) -> int:
    """Read the files and say what is wrong with them."""
    chosen = word_settings(config)
    try:
        words = read_words(chosen)
    except BadWords as bad:
        return _failed("\n".join(bad.problems), as_json)
    _say({"files": list(chosen.files), "words": len(words)}, f"{len(words)} words, {len(chosen.files)} files", as_json)
    return 0


def try_text(config: Config, text: str, as_json: bool) -> int:
    """Say what would become of a text."""
    try:
        found = read_words(word_settings(config)).find(text)
    except BadWords as bad:
        return _failed("\n".join(bad.problems), as_json)
    hits = [{"text": text[one.start : one.end], "start": one.start, "action": one.action} for one in found]
    blocked = any(one.action == "block" for one in found)
    result = "blocked" if blocked else "masked" if found else "passes"
    shown = "" if blocked else mask(text, found)
    lines = [f"{result}: {shown}" if shown else result]
    lines += [f"  {hit['start']}: {hit['text']} ({hit['action']})" for hit in hits]
    _say({"result": result, "text": shown, "found": hits}, "\n".join(lines), as_json)
    return 0


def reload(config: Config, as_json: bool) -> int:
    """Have the running server read its files anew."""
    try:
        done = call(config.admin_socket_path(), "words.reload", timeout_s=60.0)
    except AdminError as error:
        return _failed(str(error), as_json)
    _say(done, f"{done['words']} words, {done['before']} before", as_json)
    return 0
