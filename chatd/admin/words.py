"""The operator's acts on the word list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.groups import commit
from chatd.admin.operator import Operator
from chatd.core.notes import NoteAct
from chatd.service.words import BadWords, read_words
from chatd_protocol.codec import Invalid


async def reload(operator: Operator, _: Mapping[str, Any]) -> dict[str, Any]:
    """Read the files anew, beside the loop; with one that cannot be used, the list stays as it was."""
    words = operator.hub.words
    try:
        fresh = await asyncio.to_thread(read_words, words.settings)
    except BadWords as bad:
        raise Invalid("files", str(bad)) from None
    before = len(words.words)
    await commit(operator, NoteAct("words.reload", {"words": len(fresh), "before": before}))
    words.swap(fresh)
    return {"words": len(fresh), "before": before}


ACTS: Final = {"words.reload": reload}
