"""The embedded model for many streams at once."""

from fractions import Fraction

from facewire.clock import Clock, SystemClock
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.batched_engine import CAPACITY, BatchedEngine
from facewire_engines.hearing.batching import GATHER_NS, MAX_BATCH
from facewire_engines.phones.alignment.session import PhonesAlignedSession
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.rows import PhonesRows


class BatchedPhonesEngine(BatchedEngine[PhonesEngine, PhonesRows]):
    """The embedded model, loaded once; its sessions are stepped together."""

    def __init__(
        self,
        model: PhonesEngine,
        clock: Clock,
        *,
        capacity: int = CAPACITY,
        max_batch: int = MAX_BATCH,
        gather_ns: int = GATHER_NS,
    ) -> None:
        """Make room for `capacity` sessions; see `BatchedEngine`."""
        super().__init__(
            model, PhonesRows(model, capacity), clock,
            capacity=capacity, max_batch=max_batch, gather_ns=gather_ns,
        )  # fmt: skip

    def prepare_alignment(self, language: str) -> None:
        """Load the dictionary of a language, if there is one; see `AligningEngine`."""
        self.model.prepare_alignment(language)

    def aligned_session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        language: str = "en-us",
        clock: Clock | None = None,
    ) -> PhonesAlignedSession:
        """Open a stream of one turn whose times are known; it takes the place of a session.

        Raises:
            CapacityError: there is no room for one more.
            ConfigError: the frame rate is out of range.
        """
        release = self.hold_place()
        try:
            return self.model.aligned_session(
                frame_rate=frame_rate, language=language, clock=clock, on_end=release
            )
        except BaseException:
            release()
            raise


def load_batched(
    capacity: int = CAPACITY, load: GraphLoader = load_onnx, max_batch: int = MAX_BATCH
) -> BatchedPhonesEngine:
    """Load the model that comes with Facewire, for many sessions, and run it in every size.

    Raises:
        EngineError: a file is missing or damaged, or the back-end cannot run it.
    """
    model = load_embedded(load)
    engine = BatchedPhonesEngine(model, SystemClock(), capacity=capacity, max_batch=max_batch)
    engine.warm_up()
    return engine
