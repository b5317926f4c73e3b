"""What providers send, in the shapes that they document, as marks."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from facewire.speaking.alignment.captions import Captions
from facewire.speaking.alignment.formats.plain import ARPABET
from facewire.speaking.alignment.formats.registry import FORMATS, MAX_BYTES, read_marks
from facewire.speaking.alignment.marks import (
    LONGEST_LABEL,
    AlignmentError,
    TimedSound,
    TimedWord,
)
from facewire.speaking.alignment.timeline import Timeline
from facewire_engines.phones.phone_set import PHONES

DOCUMENT = (Path(__file__).parents[4] / "docs" / "alignment.md").read_text(encoding="utf-8")


def marks(name: str, data: Any, offset_s: float = 0.0) -> list[Any]:
    return list(read_marks(name, json.dumps(data).encode(), offset_s))


def test_our_phones_are_those_of_the_model() -> None:
    assert frozenset(PHONES) == ARPABET


def test_the_page_lists_every_format() -> None:
    for name in FORMATS:
        assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize(
    "event",
    [
        {"audio_offset": 500_000, "viseme_id": 21},
        {"privAudioOffset": 1, "audioOffset": 500_000, "visemeId": 21, "animation": ""},
        {"ResultId": "a", "AudioOffset": 500_000, "VisemeId": 21},
    ],
)
def test_azures_visemes_however_an_sdk_spells_them(event: dict[str, Any]) -> None:
    (sound,) = marks("azure", event)
    assert (sound.start_s, sound.phones) == (pytest.approx(0.05), ("p", "b", "m"))


def test_a_whole_number_may_be_written_as_a_float() -> None:
    (sound,) = marks("azure", {"audio_offset": 500_000.0, "viseme_id": 21.0})
    assert (sound.start_s, sound.phones) == (pytest.approx(0.05), ("p", "b", "m"))


def test_azures_words_in_ticks_and_in_ms() -> None:
    ticks = {"audio_offset": 500_000, "duration": 2_500_000, "text": "Bob", "boundary_type": "Word"}
    (word,) = marks("azure", [ticks])
    assert (word.word, word.start_s) == ("Bob", pytest.approx(0.05))
    assert word.end_s == pytest.approx(0.3)
    (word,) = marks("azure-batch", [{"Text": "Bob", "AudioOffset": 50, "Duration": 250}])
    assert (word.start_s, word.end_s) == (0.05, pytest.approx(0.3))


def test_pollys_lines() -> None:
    lines = (
        '{"time":0,"type":"sentence","start":0,"end":4,"value":"Mom."}\n'
        '{"time":6,"type":"word","start":0,"end":3,"value":"Mom"}\n'
        '{"time":6,"type":"viseme","value":"p"}\n\n{"time":73,"type":"viseme","value":"?"}\n'
        '{"time":90,"type":"viseme","value":"sil"}\n{"time":90,"type":"ssml","value":"x"}\n'
    )
    expected = [
        TimedWord("Mom", 0.006),
        TimedSound(0.006, phones=("p", "b", "m")),
        TimedSound(0.073, phones=()),
        TimedSound(0.09, phones=("sil",)),
    ]
    assert marks("polly", lines) == expected
    assert marks("polly", [json.loads(line) for line in lines.splitlines() if line]) == expected


def test_elevenlabs_over_http_and_over_its_socket() -> None:
    seconds = {
        "audio_base64": "",
        "alignment": {
            "characters": list("Hi Bob"),
            "character_start_times_seconds": [0, 0.1, 0.2, 0.25, 0.3, 0.4],
            "character_end_times_seconds": [0.1, 0.2, 0.25, 0.3, 0.4, 0.5],
        },
        "normalized_alignment": None,
    }
    expected = [("Hi ", 0.0, 0.2), ("Bob", 0.25, 0.5)]
    assert [(w.word, w.start_s, w.end_s) for w in marks("elevenlabs", seconds)] == expected
    for keys in (
        ("charStartTimesMs", "charDurationsMs"),
        ("charStartTimesMs", "charsDurationsMs"),
        ("char_start_times_ms", "chars_durations_ms"),
    ):
        starts, lengths = [0, 100, 200, 250, 300, 400], [100, 100, 50, 50, 100, 100]
        one = {"chars": list("Hi Bob"), keys[0]: starts, keys[1]: lengths}
        found = marks("elevenlabs", {"normalizedAlignment": one, "isFinal": None})
        assert [(w.word, w.start_s, round(w.end_s, 9)) for w in found] == expected
    assert marks("elevenlabs", {"audio": "", "alignment": None}) == []


@pytest.mark.parametrize("name", ["cartesia", "rime"])
def test_cartesia_and_rime(name: str) -> None:
    lists = {"words": ["Hello", "world"], "start": [0, 0.5], "end": [0.4, 0.9]}
    expected = [TimedWord("Hello", 0.0, 0.4), TimedWord("world", 0.5, 0.9)]
    assert marks(name, {"type": "timestamps", "word_timestamps": lists}) == expected
    assert marks(name, lists) == expected
    phonemes = {"phonemes": ["h", "oʊ"], "start": [0.1, 0.2], "end": [0.2, 0.4]}
    assert marks(name, {"type": "phoneme_timestamps", "phoneme_timestamps": phonemes}) == [
        TimedSound(0.1, 0.2, ipa="h"),
        TimedSound(0.2, 0.4, ipa="oʊ"),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elevenlabs", {"isFinal": True, "audio": None}),
        ("elevenlabs", {"is_final": True, "contextId": "a"}),
        ("elevenlabs", {"audio": "AAAA"}),
        ("elevenlabs", {"audio_base64": "AAAA"}),
        ("elevenlabs", {"audio": "AAAA", "isFinal": None, "normalizedAlignment": None}),
        ("cartesia", {"type": "chunk", "data": "AAAA", "done": False, "status_code": 206}),
        ("cartesia", {"type": "done", "done": True, "context_id": "a"}),
        ("cartesia", {"type": "flush_done", "flush_id": 1, "done": False}),
        ("cartesia", {"type": "timestamps", "word_timestamps": None}),
        ("rime", {"type": "chunk", "data": "AAAA", "contextId": None}),
        ("rime", {"type": "done"}),
        ("azure", {}),
        ("azure-batch", []),
        ("polly", "\n"),
        ("words", []),
    ],
)
def test_messages_that_tell_no_times_have_no_marks(name: str, message: Any) -> None:
    assert marks(name, message) == []


def test_sound_beside_the_times_is_ignored_however_much_it_is() -> None:
    times = {"chars": ["a", "b"], "charStartTimesMs": [0, 50], "charDurationsMs": [50, 50]}
    message = {"audio_base64": "A" * MAX_BYTES, "alignment": times}
    expected = [TimedWord("ab", 0.0, 0.1, joins=True)]
    assert marks("elevenlabs", message) == expected
    assert marks("elevenlabs", [message, message | {"audio": "A" * MAX_BYTES}]) == expected * 2
    too_many = message | {"alignment": {"chars": ["a"] * MAX_BYTES}}
    with pytest.raises(AlignmentError, match=r"^13\d{5} bytes of times are more than 262144"):
        marks("elevenlabs", too_many)


def test_our_own_shapes() -> None:
    assert marks("words", [{"word": "Bob", "start": 1, "phones": ["B", "AA1", "b"]}]) == [
        TimedWord("Bob", 1.0, None, ("b", "aa", "b"))
    ]
    assert marks("phones", [{"phone": "M", "start": 0, "end": 0.1}, {"ipa": "ɑː", "start": 1}]) == [
        TimedSound(0.0, 0.1, ("m",)),
        TimedSound(1.0, ipa="ɑː"),
    ]


def test_an_offset_is_added() -> None:
    assert marks("words", {"word": "a", "start": 1, "end": 2}, -0.5) == [TimedWord("a", 0.5, 1.5)]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("festival", [], "there is no format 'festival' of times; it is one of azure"),
        ("words", "Bob", "words come as an object, or as a list of objects"),
        ("words", [{"word": "Bob"}], "start is missing, or not a finite number"),
        ("words", [{"word": "Bob", "start": None}], "start is missing, or not a finite number"),
        ("words", [{"word": "Bob", "start": True}], "start is a number"),
        ("words", [{"word": 3, "start": 1}], "word is a text, not 3"),
        ("words", [{"word": "Bob", "start": 1e300}], "start is a time within the turn"),
        ("words", [{"word": "Bob", "start": 10**30}], "start is a time within the turn"),
        ("words", [{"word": "Bob", "start": 1, "phones": "b"}], "a list of ARPAbet"),
        ("words", [{"word": "a", "start": 1, "phones": ["b"] * 101}], "has 100 phones at most"),
        ("phones", [{"phone": "bb", "start": 1}], "'bb' is no phone of ARPAbet"),
        ("azure", {"audio_offset": 0, "viseme_id": 22}, "viseme_id is 0 to 21, not 22"),
        *(
            ("azure", {"audio_offset": 0, "viseme_id": viseme}, "viseme_id is 0 to 21")
            for viseme in ("21", 1.5, -1.0, True, None, 10**400, 1e300, [1], {"a": 1})
        ),
        ("azure", {"audio_offset": "PT1S", "viseme_id": 2}, "audio_offset is a number"),
        ("azure", {"audio_offset": 0}, "text is a text, not None"),
        ("elevenlabs", {"characters": ["a"]}, "are 3 lists of the same length"),
        ("cartesia", {"type": "error"}, "timestamps have words or phonemes"),
        ("cartesia", {"word_timestamps": 3}, "timestamps have words or phonemes"),
        ("elevenlabs", {"message": "quota", "code": 1008}, "are 3 lists of the same length"),
        ("rime", {"words": ["a"], "start": [], "end": []}, "are 3 lists of the same length"),
        ("polly", "{]", "speech marks of Polly are lines of JSON"),
        ("polly", [{"type": "word", "value": "a"}], "time is missing, or not a finite number"),
        ("words", [[]] * 3, "words come as an object"),
        ("words", " " * MAX_BYTES, "bytes of times are more than"),
    ],
)
def test_what_is_another_shape_is_told_in_one_sentence(name: str, data: Any, says: str) -> None:
    with pytest.raises(AlignmentError) as caught:
        marks(name, data)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


KEYS = [
    "audio_offset", "viseme_id", "duration", "text", "characters",
    "character_start_times_seconds", "character_end_times_seconds", "alignment",
    "normalized_alignment", "chars", "charStartTimesMs", "charDurationsMs", "words", "phonemes",
    "start", "end", "word_timestamps", "phoneme_timestamps", "time", "type", "value", "word",
    "phones", "phone", "ipa",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, 1.0, -1, 0.5, 10**30, 10**400, 1e308, -1e308, "", "a", "word",
    "viseme", "\x00", "\ud800", [], {}, [1], ["a"], [[]], [{}], [None], [True], [1e300], [10**400],
    {"a": 1},
]  # fmt: skip


def fields(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """Return any keys that formats know, with anything in them."""
    return {
        key: fields(chance, depth + 1)
        if depth < 2 and chance.random() < 0.15
        else chance.choice(VALUES)
        for key in chance.sample(KEYS, chance.randint(0, 8))
    }


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_stands_where_it_does_not_belong_is_read_or_told(name: str) -> None:
    chance, read, told = random.Random(3), 0, 0
    for _ in range(3_000):
        data = chance.choice([fields(chance), [fields(chance), fields(chance)], *VALUES])
        try:
            found = marks(name, data, chance.choice([0.0, 1.0]))
            timeline, captions = Timeline(), Captions(16_000)
            timeline.add(found)
            timeline.spans()
            captions.add(found)
            captions.take(10**9, complete=True)
            read += 1
        except AlignmentError:
            told += 1
    assert read
    assert told


def test_what_is_no_json_is_told_too() -> None:
    for data in (b"[NaN]", b"", b"[" * 100_000, b'{"a":'):
        with pytest.raises(AlignmentError, match="times are JSON"):
            list(read_marks("words", data))


LONG = "a" * 100_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("azure", {"audio_offset": 0, "text": LONG}),
        ("cartesia", {"word_timestamps": {"words": [LONG], "start": [0], "end": [1]}}),
        ("cartesia", {"phoneme_timestamps": {"phonemes": [LONG], "start": [0], "end": [1]}}),
        ("elevenlabs", {"chars": [LONG], "charStartTimesMs": [0], "charDurationsMs": [1]}),
        ("phones", {"ipa": LONG, "start": 0}),
        ("phones", {"phone": LONG, "start": 0}),
        ("polly", {"type": "word", "value": LONG, "time": 0}),
        ("rime", {"words": [LONG], "start": [0], "end": [1]}),
        ("words", {"word": LONG, "start": 0}),
    ],
)
def test_what_is_too_long_for_a_word_or_a_sound_is_one_sentence(name: str, data: Any) -> None:
    with pytest.raises(AlignmentError, match=f"{LONGEST_LABEL} characters at most") as caught:
        marks(name, data)
    assert len(str(caught.value)) < 200


def test_a_sentence_beside_the_words_may_be_long() -> None:
    assert marks("polly", {"type": "sentence", "value": LONG, "time": 0}) == []


def test_characters_without_spaces_are_words_of_some_length() -> None:
    count = 5_000
    told = {
        "chars": ["字"] * count,
        "charStartTimesMs": [*range(count)],
        "charDurationsMs": [1] * count,
    }
    found = marks("elevenlabs", told)
    assert "".join(word.word for word in found) == "字" * count
    assert {len(word.word) for word in found} == {LONGEST_LABEL}
    timeline = Timeline()
    timeline.add(found)
    said = [span.mark.word for span in timeline.spans() if isinstance(span.mark, TimedWord)]
    assert max(map(len, said)) == LONGEST_LABEL
