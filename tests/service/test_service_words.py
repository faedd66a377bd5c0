"""The word list as the operator writes it, and as it is applied to requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.core.refusal import Refused
from chatd.service.words import BadWords, Words, WordSettings, read_words
from chatd_protocol.bots import BotCommand, SetCommands
from chatd_protocol.groups import CreateGroup, UpdateGroup
from chatd_protocol.messages import SendMessage, TextBody, VideoCardBody
from chatd_protocol.users import SetHandle, UpdateProfile

GROUP, CID = "g" + "x" * 21, "A" * 22


def written(folder: Path, text: str, **settings: object) -> WordSettings:
    path = folder / "words.txt"
    path.write_text(text, encoding="utf-8")
    return WordSettings(files=(str(path),), **settings)  # type: ignore[arg-type]


def words_of(folder: Path, text: str, **settings: object) -> Words:
    chosen = written(folder, text, **settings)
    return Words(chosen, read_words(chosen))


def send(text: str) -> SendMessage:
    return SendMessage(GROUP, CID, "text", TextBody(text))


def test_files_have_comments_actions_and_a_mark_of_their_order(tmp_path: Path) -> None:
    words = words_of(tmp_path, "\ufeff# ours\n\n赌博\n  weixin \tmask\n诈骗\tblock\n", action="block")
    assert len(words.words) == 3
    assert [(one.start, one.action) for one in words.words.find("赌博 weixin")] == [(0, "block"), (3, "mask")]


def test_what_is_wrong_names_file_and_line_and_not_the_word(tmp_path: Path) -> None:
    chosen = written(tmp_path, "fine\nsecret\tcover\n\u200b\n" + "x" * 101)
    with pytest.raises(BadWords) as bad:
        read_words(chosen)
    file = chosen.files[0]
    for problem, line in zip(bad.value.problems, (2, 3, 4), strict=True):
        assert problem.startswith(f"{file}:{line}: ")
    assert "secret" not in str(bad.value)
    missing = WordSettings(files=(str(tmp_path / "none.txt"),))
    with pytest.raises(BadWords, match=r"none\.txt"):
        read_words(missing)
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(BadWords, match="not UTF-8"):
        read_words(WordSettings(files=(str(tmp_path / "bad.txt"),)))


@pytest.mark.promise("P8", "words")
def test_a_list_beyond_its_bound_is_refused(tmp_path: Path) -> None:
    lines = "\n".join(f"word{number}" for number in range(11))
    assert len(read_words(written(tmp_path, lines, words_max=11))) == 11
    with pytest.raises(BadWords, match="words_max"):
        read_words(written(tmp_path, lines, words_max=10))


def test_a_blocked_word_names_the_field_and_the_text_only_where_that_is_set(tmp_path: Path) -> None:
    words = words_of(tmp_path, "赌博\n")
    with pytest.raises(Refused) as refusal:
        words.apply("message.send", send("来赌\u200b博"))
    assert (refusal.value.code, refusal.value.details) == ("blocked", {"path": "$.data.body.text"})
    telling = words_of(tmp_path, "赌博\n", tell=True)
    with pytest.raises(Refused) as refusal:
        telling.apply("group.update", UpdateGroup(GROUP, CID, intro="来赌\u200b博"))
    assert refusal.value.details == {"path": "$.data.intro", "words": ["赌\u200b博"]}
    assert (words.done["blocked"], telling.done["blocked"]) == (1, 1)


def test_a_masked_word_is_covered_in_the_request_alone(tmp_path: Path) -> None:
    words = words_of(tmp_path, "weixin\n", action="mask")
    request = send("my WeiXin is")
    covered = words.apply("message.send", request)
    assert covered.body.text == "my ****** is"
    assert request.body.text == "my WeiXin is"
    untouched = send("hello")
    assert words.apply("message.send", untouched) is untouched
    group = CreateGroup(CID, "private", title="weixin", intro="weixin, weixin")
    covered = words.apply("group.create", group)
    assert (covered.title, covered.intro) == ("******", "******, ******")
    assert words.done["masked"] == 2


def test_what_is_said_about_a_card_is_judged_like_a_text(tmp_path: Path) -> None:
    words = words_of(tmp_path, "赌博\n")
    card = SendMessage(GROUP, CID, "video_card", VideoCardBody("v1", "来赌博"))
    with pytest.raises(Refused) as refusal:
        words.apply("message.send", card)
    assert refusal.value.details == {"path": "$.data.body.text"}
    bare = SendMessage(GROUP, CID, "video_card", VideoCardBody("v1"))
    assert words.apply("message.send", bare) is bare


def test_a_name_is_never_covered_and_fields_are_judged_each(tmp_path: Path) -> None:
    words = words_of(tmp_path, "weixin\n", action="mask")
    with pytest.raises(Refused) as refusal:
        words.apply("user.handle", SetHandle(CID, "WeiXin"))
    assert (refusal.value.code, refusal.value.details) == ("blocked", {"path": "$.data.handle"})
    with pytest.raises(Refused) as refusal:
        words.apply("bot.commands", SetCommands(CID, [BotCommand("say", also=["说", "weixin"])]))
    assert (refusal.value.code, refusal.value.details) == ("blocked", {"path": "$.data.commands[0].also[1]"})
    profile = UpdateProfile(CID, name="ann", fields={"company": "weixin", "job": "cook"})
    covered = words.apply("user.update", profile)
    assert (covered.name, covered.fields) == ("ann", {"company": "******", "job": "cook"})


def test_a_swap_holds_from_the_next_request_on(tmp_path: Path) -> None:
    words = words_of(tmp_path, "one\n")
    words.swap(read_words(written(tmp_path, "two\n")))
    assert words.apply("message.send", send("one")).body.text == "one"
    with pytest.raises(Refused):
        words.apply("message.send", send("two"))
