"""What the running server is told of backups, which are made beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.core.refusal import Refused
from chatd.core.restoring import NoteBackup
from chatd_protocol.values import SAFE_INTEGER_MAX


async def note_backup(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A backup of everything up to commit `n` was made: `bytes` long. It goes into the audit log."""
    n, size = request["n"], request["bytes"]
    if not all(type(one) is int and 0 <= one <= SAFE_INTEGER_MAX for one in (n, size)):
        raise TypeError("n, bytes: expected whole numbers")
    verdict = await operator.hub.link.ask(NoteBackup(n, size))
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return verdict.answer


ACTS: Final = {"backup": note_backup}
