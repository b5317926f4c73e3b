"""The formats that times may come in, by their names."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from facewire.speaking.alignment.formats import azure, elevenlabs, plain, polly, timestamps
from facewire.speaking.alignment.formats.fields import without_audio
from facewire.speaking.alignment.marks import AlignmentError, Mark

MAX_BYTES = 1 << 18
"""Of one message's times: what is longer would keep everybody else waiting."""

FORMATS: dict[str, Callable[[Any], Iterable[Mark]]] = {
    "azure": azure.read,
    "azure-batch": azure.read_batch,
    "cartesia": timestamps.read,
    "elevenlabs": elevenlabs.read,
    "phones": plain.read_phones,
    "polly": polly.read,
    "rime": timestamps.read,
    "words": plain.read_words,
}


def read_marks(name: str, data: bytes, offset_s: float = 0.0) -> Iterator[Mark]:
    """Yield the marks of what a client passes on, as they are read: thousands take a while.

    Args:
        name: of the format.
        data: JSON, as the provider sent it; the sound in it is ignored.
        offset_s: is added to all times.

    Raises:
        AlignmentError: nobody knows the format, or it is another one.
    """
    read = FORMATS.get(name)
    if read is None:
        known = ", ".join(FORMATS)
        raise AlignmentError(f"there is no format {name[:40]!r} of times; it is one of {known}")
    if len(data) > MAX_BYTES:
        data = without_audio(data)
    if len(data) > MAX_BYTES:
        raise AlignmentError(
            f"{len(data)} bytes of times are more than {MAX_BYTES}; send them in pieces"
        )
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise AlignmentError(f"times are JSON ({str(error)[:80]})") from error
    for mark in read(told):
        yield _later(mark, offset_s) if offset_s else mark


def _later(mark: Mark, offset_s: float) -> Mark:
    end_s = None if mark.end_s is None else mark.end_s + offset_s
    return replace(mark, start_s=mark.start_s + offset_s, end_s=end_s)
