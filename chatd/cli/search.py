"""`chatd search`: the search index as the operator sees it. Everything goes through the running server."""

from __future__ import annotations

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.listing import say_record

searching = typer.Typer(help="Look at the search index, or make it anew. 查看或重建搜索索引。", no_args_is_help=True)


@searching.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show how far the index is. 查看索引进度。

    $ chatd search status
    """
    figures = ask(config, "search.status")
    say_record(figures, figures, as_json)


@searching.command()
def rebuild(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the index anew from the log; the server goes on meanwhile. 从日志重建索引，服务器照常运行。

    $ chatd search rebuild
    """
    done = ask(config, "search.rebuild")
    said = "Under way; `chatd search status` shows how far it is. 正在重建，进度见 chatd search status。"
    say(done, phrase(said), as_json)
