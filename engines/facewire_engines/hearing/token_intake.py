"""What every session does with tokens before its model sees them, and whose turn a frame is."""

from facewire.frames import StreamSpec
from facewire.tokens import TokenChunk, TokenSpace


class TokenIntake:
    """Takes chunks that follow each other, and remembers where turns begin."""

    def __init__(self, space: TokenSpace, spec: StreamSpec) -> None:
        self.received = 0
        """The first sample of which there are no tokens."""
        self._space = space
        self._spec = spec
        self.ended = False
        self._turns: list[tuple[int, int]] = [(0, 0)]
        """First sample and number of the turns that frames may still belong to."""

    def take(self, chunk: TokenChunk) -> None:
        """Note what comes next.

        Raises:
            ValueError: the tokens are of another space or clock, do not follow the last ones, or
                come after the end.
        """
        rate = self._spec.sample_rate
        if chunk.space != self._space or chunk.sample_rate != rate:
            raise ValueError(
                f"expected tokens of {self._space.name!r} at {rate} Hz, got "
                f"{chunk.space.name!r} at {chunk.sample_rate} Hz"
            )
        if chunk.start != self.received:
            raise ValueError(f"expected tokens from sample {self.received}, got {chunk.start}")
        if self.ended:
            raise ValueError("the stream has ended")
        self.received = chunk.end
        if chunk.turn != self._turns[-1][1]:
            self._turns.append((chunk.start, chunk.turn))

    def end(self) -> None:
        """Take no more."""
        self.ended = True

    def turn(self, timestamp: int) -> int:
        """Return the turn of a frame; frames are asked about in order."""
        while len(self._turns) > 1 and self._turns[1][0] <= timestamp:
            self._turns.pop(0)
        return self._turns[0][1]
