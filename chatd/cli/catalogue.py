"""`chatd catalogue`: the operator's view of the catalogue, and ways to change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from chatd.cli import ConfigOption, JsonOption, fail, settings
from chatd.cli.answers import bare
from chatd.cli.listing import After, Limit

catalogue = typer.Typer(help="The catalogue of videos and products. 视频和商品目录。", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="video or product. video（视频）或 product（商品）。")]
Id = Annotated[str, typer.Argument(help="The id of the item. 该项的 id。")]


@catalogue.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .csv file with a line of names, or one JSON object a line. CSV（首行为列名）或每行一个 JSON 对象。"
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help="video or product, for rows that name none. 行内没写种类时用 video 或 product。")
    ] = None,
    refused: Annotated[
        Path | None,
        typer.Option(
            help="Write refused rows here, one JSON object a line. 被拒绝的行写到这个文件，每行一个 JSON 对象。"
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add and change items from a file; again from the start is harmless. 从文件导入目录，可以重复导入。

    Ends with status 1 if rows were refused; --refused lists them. 有行被拒时退出码为 1，--refused 列出被拒的行。

    $ chatd catalogue import items.csv
    $ chatd catalogue import videos.ndjson --kind video --refused refused.ndjson
    """
    from chatd.cli import catalogue_run

    form: Literal["csv", "ndjson"] = "csv" if file.suffix.lower() == ".csv" else "ndjson"
    raise typer.Exit(catalogue_run.import_file(settings(config), file, form, check_kind(kind), refused, as_json))


@catalogue.command()
def show(kind: Kind, item: Id, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one item. 查看一项。

    $ chatd catalogue show product teapot
    """
    from chatd.cli import catalogue_run

    raise typer.Exit(catalogue_run.show(settings(config), str(check_kind(kind)), item, as_json))


@catalogue.command("list")
def list_items(
    kind: Annotated[
        str | None,
        typer.Argument(help="Only videos or products: video or product. 只看视频（video）或商品（product）。"),
    ] = None,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List items by id, of both kinds or of one. 列出目录。

    $ chatd catalogue list
    $ chatd catalogue list video --limit 20
    """
    from chatd.cli import catalogue_run

    raise typer.Exit(catalogue_run.list_items(settings(config), check_kind(kind), after, limit, as_json))


@catalogue.command()
def delete(
    kind: Kind,
    item: Id,
    rev: Annotated[
        int | None, typer.Option(min=0, help="Its revision; default: the one that is there. 修订号，默认取现有的。")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an item out of the catalogue. 从目录删除一项。

    $ chatd catalogue delete product teapot
    """
    from chatd.cli import catalogue_run

    raise typer.Exit(catalogue_run.delete(settings(config), str(check_kind(kind)), item, rev, as_json))


def check_kind(kind: str | None) -> str | None:
    """Ends with status 2 for what is no kind."""
    if kind not in (None, "video", "product"):
        from chatd.cli.catalogue_run import NO_KIND

        raise fail(bare(NO_KIND), 2)
    return kind
