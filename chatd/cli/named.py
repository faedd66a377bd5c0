"""How groups and people are named on the command line: the same everywhere."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from chatd.cli.completion import group_ids, user_subs

OPERATOR_SUB: Final = "chatd:operator"
"""Who posts for the operator: as in `chatd.admin.broadcasts`, which a command has no business to load."""
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The id of the group. 群的 id。", autocompletion=group_ids)]
OfGroup = Annotated[
    str | None, typer.Option("--group", help="Only of this group. 只看这个群的。", autocompletion=group_ids)
]
Person = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="Somebody: their sub (whom their tokens speak for), id or @handle. 某人：sub（令牌代表谁）、id 或 @号码。",
        autocompletion=user_subs,
    ),
]
