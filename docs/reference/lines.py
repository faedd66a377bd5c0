"""Links from the pages into the code: [`Engine.commit`](../../chatd/store/engine.py#L140) gets the line it has now."""

from __future__ import annotations

import ast
import re
from pathlib import Path

LINK = re.compile(r"\[`([\w.]+)(\(\))?`\]\(([\w./-]+\.py)#L\d+\)")


def with_lines(text: str, folder: Path) -> str:
    """The page with each of these links at the right line. Raises KeyError for a name that the file does not have."""

    def put(link: re.Match[str]) -> str:
        line = line_of(link[1], folder / link[3])
        return f"[`{link[1]}{link[2] or ''}`]({link[3]}#L{line})"

    return LINK.sub(put, text)


def line_of(name: str, path: Path) -> int:
    """Where a class, function, method or name of a module is defined."""
    scope: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    line = 0
    for part in name.split("."):
        found = {named: node for node in scope for named in names_of(node)}
        if part not in found:
            raise KeyError(f"{path} has no {name}")
        line, scope = found[part].lineno, getattr(found[part], "body", [])
    return line


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
