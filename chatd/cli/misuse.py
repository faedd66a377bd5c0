"""What is said of a call that was typed wrongly: which word, in the person's language, and where help is."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Final

from chatd.cli.answers import MISUSED, failed, phrase, wants_json
from chatd.cli.language import lang_of

_IN_CHINESE: Final = (
    (r"No such command (.+?)\.(?: Did you mean (.+)\?)?", "没有命令 {0}", "，是不是 {1}？"),
    (r"No such option: (\S+)(?: \(Possible options: (.+)\))?", "没有选项 {0}", "，是不是 {1}？"),
    (r"Missing parameter: (.+)", "缺少 {0}", ""),
    (r"Missing \w+ (.+?)\.(?: Choose from:\s*(.+))?", "缺少 {0}", "，可选 {1}"),
    (r"Missing \w+ (.+?)\. (.+)", "缺少 {0}", "：{1}"),
    (r"Invalid value for (.+?): Input should be greater than or equal to (\S+)", "{0} 的值应不小于 {1}", ""),
    (r"Invalid value for (.+?): Input should be less than or equal to (\S+)", "{0} 的值应不大于 {1}", ""),
    (r"Invalid value for (.+?): Input should be greater than (\S+)", "{0} 的值应大于 {1}", ""),
    (r"Invalid value for (.+?): Input should be a valid integer.*", "{0} 的值应为整数", ""),
    (r"Invalid value for (.+?): Input should be a valid number.*", "{0} 的值应为数字", ""),
    (r"Invalid value for (.+?): Input should be (.+)", "{0} 的值应为 {1}", ""),
    (r"Invalid value for (.+?): Value error, (.+) is not one of (.+)\.", "{0} 没有 {1} 这个值，可选 {2}", ""),
    (r"Invalid value for (.+?): (.+)", "{0} 的值无效：{1}", ""),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "多余的参数：{0}", ""),
    (r"Option (.+?) requires an argument\.", "选项 {0} 需要一个值", ""),
    (r"Option (.+?) requires (\d+) arguments\.", "选项 {0} 需要 {1} 个值", ""),
    (r"Option (.+?) does not take a value\.", "选项 {0} 不带值", ""),
    (r"Could not open file (.+?): (.+)", "打不开文件 {0}：{1}", ""),
    (r"Missing command\.", "缺少命令", ""),
)
"""What typer says, and the same in Chinese: the last part where its last place is filled."""


def in_chinese(message: str) -> str:
    """What typer says, in Chinese; as it is where this module does not know the sentence."""
    for pattern, plain, more in _IN_CHINESE:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            places = [" ".join((place or "").split()) for place in found.groups()]
            return (plain + (more if more and places[-1] else "")).format(*places)
    return message


def misused(wrong: Any) -> int:
    """Say what typer found wrong with a call (its `TyperException`). Returns the exit status."""
    message, context = wrong.format_message(), getattr(wrong, "ctx", None)
    if type(wrong).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
        return MISUSED
    failed(in_chinese(message) if lang_of(os.environ) == "zh" else message, code="usage")
    if context is not None and not wants_json():
        path = context.command_path
        print(phrase("See `{path} --help`. 用法见 {path} --help。", path=path), file=sys.stderr)
    return MISUSED
