"""`chatd search`: the search index as the operator sees it. Everything goes through the running server."""

from __future__ import annotations

from typing import Any

import typer

from chatd.cli import ConfigOption, JsonOption, settings

searching = typer.Typer(help="Look at the search index, or make it anew. 查看或重建搜索索引。", no_args_is_help=True)


@searching.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show how far the index is. 查看索引进度。"""
    from chatd.cli.run import act_on_server

    raise typer.Exit(act_on_server(settings(config), "search.status", as_json, _lines))


@searching.command()
def rebuild(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the index anew from the log; the server goes on meanwhile. 重建索引。"""
    from chatd.cli.run import act_on_server

    said = "the index is being made anew; chatd search status shows how far it is"
    raise typer.Exit(act_on_server(settings(config), "search.rebuild", as_json, lambda _: said))


def _lines(figures: dict[str, Any]) -> str:
    width = max(len(name) for name in figures)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in figures.items())
