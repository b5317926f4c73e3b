"""Speech that came without phone times, aligned: against the real recordings where they are."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")
pytest.importorskip("pocketsphinx", reason="install it: pip install pocketsphinx")

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.voices.espeak.library import Manner
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.corpora.readings import Voices, plain
from facewire_training.data.corpora.speechocean import SpeechOcean
from facewire_training.data.corpora.synthesised import espeak
from facewire_training.data.recognisers import Recognise, recogniser
from facewire_training.data.splits import SPEECHOCEAN, VOICES

TEXT = "Bob bought my puppy a map. Five foxes vanished over the river."


@pytest.fixture(scope="module")
def recognise() -> Recognise:
    return recogniser(None).recognise


def said(utterance: Utterance) -> str:
    return " ".join(phone.label for phone in utterance.phones if phone.label != "sil")


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A training speaker with a transcript, one without, a test speaker with and one without."""
    samples, _ = espeak.speak(TEXT, Manner("en-us"))
    for name in ("103-1-0000", "1034-1-0000", "39-1-0000", "196-1-0000"):
        soundfile.write(tmp_path / f"{name}.opus", samples, 16_000, "OPUS", format="OGG")
    rows = [f"{name}\t{TEXT}\t-0.3" for name in ("103-1-0000", "39-1-0000")]
    (tmp_path / "transcripts_whisper_tiny_en.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_voices_without_a_transcript_are_trained_on_but_not_tested_on(
    voices: Path, recognise: Recognise
) -> None:
    corpus = Voices(voices, recognise)
    aligned, heard = list(corpus.train())
    assert (aligned.speaker, heard.speaker) == ("103", "1034")
    assert said(aligned).startswith("b aa b b aa t m ay p ah p iy ah m ae p")
    assert said(heard) != said(aligned)
    assert 30 < len(said(heard).split()) < 70
    (tested,) = corpus.test()
    assert tested.name == "39-1-0000"
    assert said(tested) == said(aligned)


def test_a_transcript_is_read_as_words() -> None:
    assert plain("Chapter 99, the \"Law\": Mrs. O'Neil's - well!") == (
        "chapter 99 the law mrs o'neil's well"
    )


def test_a_folder_without_transcripts_is_refused(tmp_path: Path, recognise: Recognise) -> None:
    (tmp_path / "103-1-0000.opus").touch()
    soundfile.write(tmp_path / "103-1-0000.opus", np.zeros(1600), 16_000, "OPUS", format="OGG")
    with pytest.raises(ConfigError, match="give librispeech_251"):
        list(Voices(tmp_path, recognise).train())


@pytest.fixture
def real(data_dir: Path) -> Callable[[str], Path]:
    def folder(name: str) -> Path:
        if not (data_dir / name).is_dir():
            pytest.skip(f"FACEWIRE_DATA has no {name}")
        return data_dir / name

    return folder


def test_real_voices_are_read(real: Callable[[str], Path], recognise: Recognise) -> None:
    found = list(islice(Voices(real("librispeech_251"), recognise).train(), 3))
    assert [utterance.speaker for utterance in found] == ["103", "1034", "1040"]
    assert not {utterance.speaker for utterance in found} & VOICES.test
    for utterance in found:
        assert len(said(utterance).split()) > 4 * utterance.duration_s


def test_speakers_of_mandarin_say_their_phones(
    real: Callable[[str], Path], recognise: Recognise
) -> None:
    first, *others = islice(SpeechOcean(real("speechocean762_train")).train(recognise), 8)
    assert first.name == "000010011"
    assert said(first) == "w iy k ao l ih t b eh r"
    assert not {utterance.speaker for utterance in (first, *others)} & SPEECHOCEAN.held_out
    closed = next(phone for phone in first.phones if phone.phone_index == INDEX["b"])
    level = np.abs(first.samples).max()
    around = slice(int(closed.start_s * 16_000), int(closed.end_s * 16_000))
    assert np.abs(first.samples[around])[:160].mean() < 0.2 * level
