"""What `facewire say` was asked to make with `-o`: faces, sound, and word times."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.uri import SPEECH, FileOutput, LiveOutput, is_recorder, parse_output


@dataclass(frozen=True, slots=True)
class Outputs:
    """What was asked for with `-o`, by kind."""

    faces: tuple[FileOutput | LiveOutput, ...]
    wav: tuple[Path, ...]
    words: tuple[Path, ...]
    overwrite: bool
    """Whether files that exist are replaced."""

    @property
    def live(self) -> bool:
        """Whether one of them, such as OSC, is watched while it is made."""
        return any(isinstance(output, LiveOutput) for output in self.faces)


def sort_outputs(
    given: Sequence[str], *, mute: bool, inputs: Sequence[Path | int | None], overwrite: bool
) -> Outputs:
    """Tell outputs by their kinds.

    Raises:
        ConfigError: one is of no kind that we have, is read, exists, or is sound of a mute.
    """
    outputs = settle_outputs(
        [parse_output(uri, SPEECH) for uri in given],
        inputs=inputs,
        existing=Existing.OVERWRITTEN if overwrite else Existing.REFUSED,
    )
    files = [output for output in outputs if isinstance(output, FileOutput)]
    wav = tuple(file.path for file in files if file.kind == "wav")
    words = tuple(file.path for file in files if file.kind == "tsv")
    if mute and wav:
        raise ConfigError(f"--mute makes no sound for {str(wav[0])!r}; leave one of them out")
    faces = tuple(o for o in outputs if isinstance(o, LiveOutput) or is_recorder(o.kind))
    return Outputs(faces, wav, words, overwrite)
