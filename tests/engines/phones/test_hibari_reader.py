"""The natural voice's reader: the package's own, loaded without holding everybody else up."""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire_engines.phones.hibari_reader import WINDOW, load_reader, parse_object
from facewire_engines.voices.hibari import package

HELD_S = 0.1
"""Of the processor, in one piece: by the package's own loading it is 0.2 s."""
TRIES = 3
"""A thread that is waiting may also be passed over by the system."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(), json_values, max_size=8),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_objects_are_parsed_as_json_does(
    value: dict[str, Any], indent: int | None, as_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=as_ascii)
    found = parse_object(f" {text}\n")
    assert found == json.loads(text)
    assert list(found) == list(value)


def test_an_object_of_many_windows_is_whole() -> None:
    flat = {f'w{k}"\\,{{': {"DEFAULT": "x" * 20, "NOUN": None} for k in range(5_000)}
    value = {"short": 1, "flat": flat, "long": "y" * 3 * WINDOW, "list": [*flat], "end": {}}
    assert parse_object(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', '{"a":1} 2',
     '{"a":x,"b":1}', '{"a":{"b":1}', '{"a":1 "b":2}', "{a:1}", '{"a":1,,"b":2}'],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_object(text)


@pytest.mark.parametrize("british", [False, True])
def test_the_reader_is_the_one_that_the_package_makes(*, british: bool) -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")
    from hibari.g2p import G2P

    ours, own = load_reader(british=british), G2P(british=british)
    assert type(ours) is type(own)
    assert vars(ours).keys() == vars(own).keys()
    assert (ours.unk, ours.british, ours._oov) == (own.unk, own.british, own._oov)
    for part in ("lexicon", "tokenizer", "tagger"):
        _assert_same(getattr(ours, part), getattr(own, part))
    text = "In 1999 Dr. Smith read 3.5 km of live records, xyzzyq!"
    assert ours(text) == own(text)


@pytest.mark.skipif(
    not hasattr(time, "pthread_getcpuclockid"), reason="this system tells no thread's time"
)
def test_loading_lets_other_threads_go_on() -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")
    package.import_hibari()
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    try:
        held = min(_longest_hold(lambda: load_reader(british=False)) for _ in range(TRIES))
    finally:
        sys.setswitchinterval(before)
    assert held < HELD_S


def _longest_hold(work: Callable[[], object]) -> float:
    """Return for how many s of the processor some work kept this thread from the interpreter."""
    clocks = list[int]()
    began = threading.Event()

    def run() -> None:
        clocks.append(time.pthread_getcpuclockid(threading.get_ident()))
        began.set()
        work()

    thread = threading.Thread(target=run)
    thread.start()
    began.wait()
    held = used = 0.0
    while thread.is_alive():
        try:
            now = time.clock_gettime(clocks[0])
        except OSError:  # it has ended
            break
        held, used = max(held, now - used), now
        time.sleep(0.001)
    thread.join()
    return held


def _assert_same(ours: Any, own: Any) -> None:
    """Compare objects of the package by what they hold."""
    if not hasattr(own, "__dict__"):
        assert ours == own
        return
    assert type(ours) is type(own)
    assert vars(ours).keys() == vars(own).keys()
    for name, value in vars(own).items():
        _assert_same(vars(ours)[name], value)
