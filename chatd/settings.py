"""How settings are read: a TOML file, and over it the environment, into the fields of Structs.

Which settings exist is for `chatd.config` to say; this module must not know a single one, nor any other part of chatd.
Nothing is taken silently. A problem names the setting, where it was set, and the bound or the nearest valid name; it
never holds the value of a free text, which may be a secret.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

Check = Callable[[Any], None]
"""Looks at one converted value and raises ValueError if it will not do."""

_KINDS: Final = {bool: "true or false", float: "a number", int: "a whole number", tuple: 'a list: a, b or ["a", "b"]'}


class ConfigError(Exception):
    """The settings cannot be used. `problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Setting(NamedTuple):
    """One value as it was found, not yet known to be a setting. `key` is empty where only a section could stand."""

    section: str
    key: str
    value: Any
    where: str
    """`chatd.toml:12`, or the name of the variable."""
    from_env: bool


class Reader:
    """Reads the settings of `sections`: Structs by section, whose fields are the keys and all have defaults."""

    def __init__(
        self, sections: Mapping[str, type[msgspec.Struct]], env_prefix: str, checks: Mapping[tuple[str, str], Check]
    ) -> None:
        self._fields = {name: {field.name: field for field in fields(kind)} for name, kind in sections.items()}
        self._env_prefix = env_prefix
        self._checks = checks

    def read(self, path: Path | None, env: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What was set, by section and key, in the types of the fields.

        Raises ConfigError with every problem found, not only the first.
        """
        problems = []
        values: dict[str, dict[str, Any]] = {section: {} for section in self._fields}
        for setting in (*(self._read_file(path) if path else ()), *self._read_env(env)):
            try:
                values[setting.section][setting.key] = self._convert(setting)
            except ValueError as error:
                problems.append(f"{setting.where}: {error}")
        if problems:
            raise ConfigError(problems)
        return values

    def _read_file(self, path: Path) -> Iterator[_Setting]:
        text, tables = _parse_file(path)
        lines = _number_lines(text)
        for section, table in tables.items():
            settings = table if section in self._fields and isinstance(table, dict) else {"": table}
            for key, value in settings.items():
                line = lines.get((section, key)) or lines.get((section, ""))
                yield _Setting(section, key, value, f"{path}:{line}" if line else str(path), from_env=False)

    def _read_env(self, env: Mapping[str, str]) -> Iterator[_Setting]:
        """Only names with a double underscore are settings: orchestrators set CHATD_PORT and the like by themselves."""
        for name in sorted(env):
            section, separator, key = name.removeprefix(self._env_prefix).partition("__")
            if name.startswith(self._env_prefix) and separator:
                exact = name == name.upper()
                yield _Setting(section.lower(), key.lower() if exact else "", env[name], name, from_env=True)

    def _convert(self, setting: _Setting) -> Any:
        field = self._fields.get(setting.section, {}).get(setting.key)
        if field is None:
            raise ValueError(self._suggest_in_env(setting) if setting.from_env else self._suggest_in_file(setting))
        try:
            value = _parse_variable(setting.value, field.default) if setting.from_env else setting.value
            value = msgspec.convert(value, field.type)
            if check := self._checks.get((setting.section, setting.key)):
                check(value)
        except msgspec.ValidationError as error:
            raise ValueError(f"[{setting.section}] {setting.key}: {_explain(error, field)}") from error
        except ValueError as error:
            raise ValueError(f"[{setting.section}] {setting.key}: {error}") from error
        return value

    def _suggest_in_env(self, setting: _Setting) -> str:
        names = [
            f"{self._env_prefix}{section}__{key}".upper() for section in self._fields for key in self._fields[section]
        ]
        return f"there is no such setting; did you mean {_nearest(setting.where.upper(), names)}?"

    def _suggest_in_file(self, setting: _Setting) -> str:
        """What was probably meant: a setting of another section if one has just that name, else the nearest one."""
        section, key = setting.section, setting.key
        homes = [name for name, known in self._fields.items() if (key or section) in known]
        if section in self._fields and not key:
            return f"{section} is a section: write [{section}] and its settings below"
        if section in self._fields:
            meant = f"[{homes[0]}] {key}" if homes else _nearest(key, self._fields[section])
            return f"[{section}] has no setting {key!r}; did you mean {meant}?"
        if homes and not isinstance(setting.value, dict):
            return f"{section!r} stands in no section; did you mean [{homes[0]}] {section}?"
        return f"there is no section {section!r}; did you mean [{_nearest(section, self._fields)}]?"


def _parse_file(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_bytes().decode()
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 at byte {error.start}"]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{path}: not TOML: {error}"]) from error


def _number_lines(text: str) -> dict[tuple[str, str], int]:
    """Where each section (as `(section, "")`) and each key begins, as far as they are written in the usual way."""
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            section = header[1]
            lines.setdefault((section, ""), number)
        elif key := re.match(r"""\s*["']?([\w-]+)["']?\s*[.=]""", line):
            lines.setdefault((section, key[1]) if section else (key[1], ""), number)
    return lines


def _parse_variable(raw: str, default: object) -> object:
    """The text of a variable as the TOML value it stands for; a list may also be written `a, b`."""
    if isinstance(default, str):
        return raw
    if isinstance(default, tuple) and not raw.lstrip().startswith("["):
        return [item.strip() for item in raw.split(",") if item.strip()]
    try:
        table = tomllib.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        table = {}
    if table.keys() != {"value"}:
        raise ValueError(f"expected {_KINDS[type(default)]}")
    return table["value"]


def _explain(error: msgspec.ValidationError, field: FieldInfo) -> str:
    if get_origin(field.type) is Literal:
        return f"expected one of {', '.join(get_args(field.type))}"
    text = str(error)
    if "matching regex" in text:
        return "it holds a control character, or white space where none may be"
    return text[:1].lower() + text[1:]


def _nearest(name: str, names: Iterable[str]) -> str:
    return max(names, key=lambda known: difflib.SequenceMatcher(None, name, known).ratio())
