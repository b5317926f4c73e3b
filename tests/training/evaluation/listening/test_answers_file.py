"""Answers on disk: whole after whatever happens."""

import errno
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.evaluation.listening.answers_file import (
    RATERS,
    RATINGS,
    AnswersFile,
    Rating,
    read_raters,
    read_ratings,
)
from facewire_training.evaluation.listening.screens import Part

HEADER = "rater,screen,part,sentence,slot,system,rating,plays,seconds,time\n"


def rated(rater: str, screen: int, count: int = 3) -> list[Rating]:
    return [
        Rating(rater, screen, Part.TEST, 'a "b", c', slot, f"s{slot}", 10, 1, 3.5, "2026-01-01T")
        for slot in "ABCDEF"[:count]
    ]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    with AnswersFile(tmp_path) as answers:
        assert answers.begin("ann", 9) == 0
        assert answers.begin("bob", 9) == 1
        assert answers.begin("ann", 9) == 0
        assert answers.begin("eve", 2) is None
        assert answers.add(rated("ann", 1))
        assert not answers.add(rated("ann", 1))
        assert answers.is_done("ann", 1)
        assert not answers.is_done("ann", 2)
    assert read_ratings(tmp_path) == rated("ann", 1)
    assert [rater.rater for rater in read_raters(tmp_path)] == ["ann", "bob"]
    with AnswersFile(tmp_path) as answers:
        assert answers.number_of("bob") == 1
        assert answers.is_done("ann", 1)
    assert (tmp_path / RATINGS).read_text().startswith(HEADER)
    assert len((tmp_path / RATINGS).read_text().splitlines()) == 4


def test_many_raters_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    with AnswersFile(tmp_path) as answers:

        def rate(name: str) -> None:
            answers.begin(name, 99)
            for screen in range(20):
                answers.add(rated(name, screen))

        threads = [threading.Thread(target=rate, args=(f"r{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = read_ratings(tmp_path)
    assert len(found) == 8 * 20 * 3
    # The lines of a screen are together.
    assert all(
        len({(r.rater, r.screen) for r in found[at : at + 3]}) == 1 for at in range(0, 480, 3)
    )
    assert sorted(rater.number for rater in read_raters(tmp_path)) == list(range(8))


KILLED = """
import os, sys
from pathlib import Path
from facewire_training.evaluation.listening.answers_file import AnswersFile, Rating
from facewire_training.evaluation.listening.screens import Part
answers = AnswersFile(Path(sys.argv[1]))
answers.begin("ann", 9)
for screen in range(100_000):
    answers.add([Rating("ann", screen, Part.TEST, "s", "A", "x", 5, 1, 1.0, "t")])
    print(screen, flush=True)
"""


def test_what_was_confirmed_before_a_kill_is_there(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 50:
            break
    process.kill()
    confirmed = 50 + len(process.stdout.read().splitlines())
    process.stdout.close()
    process.wait()
    found = [rating.screen for rating in read_ratings(tmp_path)]
    assert found == list(range(len(found)))
    assert len(found) > confirmed
    with AnswersFile(tmp_path) as answers:
        assert answers.add(rated("ann", 200_000))


def test_a_line_that_was_cut_off_is_taken_away_and_rated_again(tmp_path: Path) -> None:
    with AnswersFile(tmp_path) as answers:
        answers.begin("ann", 9)
        answers.add(rated("ann", 1, 1))
    with (tmp_path / RATINGS).open("ab") as file:
        file.write(b"ann,2,test,s,A,x,5")
    assert read_ratings(tmp_path) == rated("ann", 1, 1)
    with AnswersFile(tmp_path) as answers:
        assert not answers.is_done("ann", 2)
        answers.add(rated("ann", 2, 1))
    assert read_ratings(tmp_path) == [*rated("ann", 1, 1), *rated("ann", 2, 1)]


def test_a_screen_that_was_cut_off_between_lines_is_rated_again(tmp_path: Path) -> None:
    with AnswersFile(tmp_path) as answers:
        answers.begin("ann", 9)
        answers.add(rated("ann", 1))
        answers.add(rated("ann", 2, 2))
    with AnswersFile(tmp_path, lambda part: 3 if part is Part.TEST else 2) as answers:
        assert answers.is_done("ann", 1)
        assert not answers.is_done("ann", 2)
        assert read_ratings(tmp_path) == rated("ann", 1)
        assert answers.add(rated("ann", 2))
    with AnswersFile(tmp_path, lambda _: 3) as answers:
        assert answers.is_done("ann", 2)
    assert read_ratings(tmp_path) == [*rated("ann", 1), *rated("ann", 2)]
    edited = (tmp_path / RATINGS).read_text().replace("\n", "\r\n")
    (tmp_path / RATINGS).write_text(edited[: edited.rindex("ann")], newline="")
    with pytest.raises(ConfigError, match=r"2 ratings of screen 2 by ann, and was edited: remove"):
        AnswersFile(tmp_path, lambda _: 3)


def test_lines_that_stand_twice_count_once_and_two_ratings_of_a_face_are_told(
    tmp_path: Path,
) -> None:
    with AnswersFile(tmp_path) as answers:
        answers.begin("ann", 9)
        answers.add(rated("ann", 1))
    file = tmp_path / RATINGS
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines, *lines[1:]]))
    assert read_ratings(tmp_path) == rated("ann", 1)
    file.write_text("".join([*lines, lines[1].replace(",10,1,", ",90,1,")]))
    with pytest.raises(ConfigError, match=r"two ratings of face A on screen 1 by ann, 10 .* 90 at"):
        read_ratings(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (",10,1,", ",101,1,", "its rating is 101"),
        (",10,1,", ",-1,1,", "its rating is -1"),
        (",3.5,", ",nan,", "its seconds is nan"),
        (",10,1,", ",10,-1,", "its plays is -1"),
    ],
)
def test_a_rating_that_nobody_can_give_is_told(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    with AnswersFile(tmp_path) as answers:
        answers.add(rated("ann", 1))
    file = tmp_path / RATINGS
    file.write_text(file.read_text().replace(was, becomes))
    with pytest.raises(ConfigError, match=f"line 2 of .*ratings.csv is no rating: {said}"):
        read_ratings(tmp_path)


def test_a_full_disk_leaves_whole_screens(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with AnswersFile(tmp_path) as answers:
        answers.begin("ann", 9)
        answers.add(rated("ann", 1))
        size = (tmp_path / RATINGS).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
        try:
            with pytest.raises(OSError) as caught:  # noqa: PT011
                answers.add(rated("ann", 2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)
        assert not answers.is_done("ann", 2)
        assert answers.add(rated("ann", 2))
    assert read_ratings(tmp_path) == [*rated("ann", 1), *rated("ann", 2)]


def test_two_servers_do_not_write_one_study(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="Windows keeps others out of open files by itself")
    with AnswersFile(tmp_path), pytest.raises(ConfigError, match="written by another server"):
        AnswersFile(tmp_path)
    AnswersFile(tmp_path).__exit__(None, None, None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "the first line of"),
        ("a,b\n", "the first line of .* is not rater,screen"),
        (HEADER + "ann,1,test\n", "line 2 of .*it has 3 columns, not 10"),
        (HEADER + "ann,one,test,s,A,x,5,1,1.0,t\n", "line 2 of .*invalid literal for int"),
        (HEADER + "ann,1,tset,s,A,x,5,1,1.0,t\n", "line 2 of .*'tset' is not a valid Part"),
    ],
)
def test_a_table_that_is_none_is_told(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / RATINGS).write_text(content)
    with pytest.raises(ConfigError, match=sentence):
        read_ratings(tmp_path)


def test_nobody_has_rated_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody has rated; let people rate with"):
        read_ratings(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / RATERS).mkdir()
    with pytest.raises(ConfigError, match="cannot write"):
        AnswersFile(tmp_path)
    assert os.path.exists(tmp_path / RATINGS)
