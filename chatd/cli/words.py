"""`chatd words`: look at the word list, try it, and have the running server read it anew."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, fail, in_words, phrase, say, settings

words = typer.Typer(
    help="The list of words that must not be said. 敏感词表：检查、试用、重新读取。", no_args_is_help=True
)

_RESULTS: Final = {
    "blocked": "blocked. 被拦下。",
    "masked": "masked: {text}. 被打码：{text}。",
    "passes": "passes. 可以通过。",
}


@words.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the files of the list and say what is wrong with them. 检查词表文件。

    $ chatd words check
    """
    from chatd.service.words import BadWords, read_words
    from chatd.tuning import word_settings

    chosen = word_settings(settings(config))
    try:
        found = read_words(chosen)
    except BadWords as bad:
        raise fail("\n".join(map(in_words, bad.problems))) from None
    text = phrase(
        "words: {words}, files: {files}. {words} 个词，{files} 个文件。", words=len(found), files=len(chosen.files)
    )
    say({"files": list(chosen.files), "words": len(found)}, text, as_json)


@words.command("test")
def try_text(
    text: Annotated[str, typer.Argument(help="What somebody might write. 有人可能会写的话。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what would become of a text. 试试一句话会不会被拦下。

    $ chatd words test 'my WeiXin'
    """
    from chatd.core.words import mask
    from chatd.service.words import BadWords, read_words
    from chatd.tuning import word_settings

    try:
        found = read_words(word_settings(settings(config))).find(text)
    except BadWords as bad:
        raise fail("\n".join(map(in_words, bad.problems))) from None
    hits = [{"text": text[one.start : one.end], "start": one.start, "action": one.action} for one in found]
    blocked = any(one.action == "block" for one in found)
    result = "blocked" if blocked else "masked" if found else "passes"
    shown = "" if blocked else mask(text, found)
    lines = [phrase(_RESULTS[result], text=shown)]
    lines += [f"  {hit['start']}: {hit['text']} ({hit['action']})" for hit in hits]
    say({"result": result, "text": shown, "found": hits}, "\n".join(lines), as_json)


@words.command()
def reload(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Have the running server read its files anew. 让服务器重新读取词表。

    $ chatd words reload
    """
    done = ask(config, "words.reload", timeout_s=60.0)
    say(done, phrase("words: {words}, before: {before}. {words} 个词，之前 {before} 个。", **done), as_json)
