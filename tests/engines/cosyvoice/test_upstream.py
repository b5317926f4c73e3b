"""The worker against CosyVoice's own model classes, small and with random weights.

    pytest -W ignore tests/engines/cosyvoice/test_upstream.py --cosyvoice PATH

PATH is a clone of https://github.com/FunAudioLLM/CosyVoice with its submodule; what it imports has
to be installed where pytest runs (no weights are needed). Without the option, this is skipped.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facewire.speaking.voice import Speech
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.workers import cosyvoice_worker as worker

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

VERSIONS = ("cosyvoice2", "cosyvoice3")
END_OF_PROMPT = 151_646
PROMPT = 60
"""Tokens."""
HOPS = ((25, 100), (25, 25), (50, 100), (15, 60))


@pytest.fixture(scope="module", params=VERSIONS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """CosyVoice's classes, as its configuration puts them together, with fewer parameters."""
    clone = request.config.getoption("--cosyvoice")
    if clone is None:
        pytest.skip("give --cosyvoice PATH, a clone of CosyVoice, to check against its classes")
    sys.path[:0] = [str(clone), str(Path(clone, "third_party", "Matcha-TTS"))]
    torch.manual_seed(0)
    built = _build(request.param == "cosyvoice3", tmp_path_factory.mktemp("qwen"))
    for part in (built.llm, built.flow, built.hift):
        part.eval()
    return built


def get(module: str, name: str) -> Any:
    """Return a class or a function of CosyVoice."""
    return getattr(import_module(module), name)


def _build(third: bool, scratch: Path) -> Any:
    qwen = import_module("transformers").Qwen2Config(
        vocab_size=END_OF_PROMPT + 2, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1,
    )  # fmt: skip
    import_module("transformers").Qwen2ForCausalLM(qwen).save_pretrained(scratch)
    language = get("cosyvoice.llm.llm", "CosyVoice3LM" if third else "Qwen2LM")(
        32, 32, 6561, get("cosyvoice.llm.llm", "Qwen2Encoder")(str(scratch)),
        get("cosyvoice.utils.common", "ras_sampling"),
    )  # fmt: skip
    if not third:
        # Now and then it ends, so that text that comes in pieces does.
        language.llm_decoder.bias.data[6561] = 5.0
    return get("cosyvoice.cli.model", "CosyVoice3Model" if third else "CosyVoice2Model")(
        language, _flow(third), _vocoder(third)
    )


def _flow(third: bool) -> Any:
    settings = import_module("omegaconf").DictConfig({
        "sigma_min": 1e-06, "solver": "euler", "t_scheduler": "cosine",
        "training_cfg_rate": 0.2, "inference_cfg_rate": 0.7, "reg_loss_type": "l1",
    })  # fmt: skip
    matching = get("cosyvoice.flow.flow_matching", "CausalConditionalCFM")
    conformer = "cosyvoice.transformer.upsample_encoder"
    common = {"vocab_size": 6561, "input_frame_rate": 25}
    if third:
        transformer = get("cosyvoice.flow.DiT.dit", "DiT")(
            dim=32, depth=1, heads=2, dim_head=16, ff_mult=2, mel_dim=80, mu_dim=80, spk_dim=80,
            out_channels=80, static_chunk_size=50, num_decoding_left_chunks=-1,
        )  # fmt: skip
        return get("cosyvoice.flow.flow", "CausalMaskedDiffWithDiT")(
            input_size=80,
            pre_lookahead_layer=get(conformer, "PreLookaheadLayer")(80, 32, 3),
            decoder=matching(240, settings, 1, 80, transformer),
            **common,
        )
    unet = get("cosyvoice.flow.decoder", "CausalConditionalDecoder")(
        in_channels=320, out_channels=80, channels=[32], dropout=0.0, attention_head_dim=16,
        n_blocks=1, num_mid_blocks=1, num_heads=2, act_fn="gelu", static_chunk_size=50,
        num_decoding_left_chunks=-1,
    )  # fmt: skip
    # The width of the encoder is fixed within its class.
    encoder = get(conformer, "UpsampleConformerEncoder")(
        input_size=512, output_size=512, attention_heads=2, linear_units=64, num_blocks=1,
        input_layer="linear", pos_enc_layer_type="rel_pos_espnet",
        selfattention_layer_type="rel_selfattn", use_cnn_module=False, macaron_style=False,
        static_chunk_size=25,
    )  # fmt: skip
    return get("cosyvoice.flow.flow", "CausalMaskedDiffWithXvec")(
        input_size=512, encoder=encoder, decoder=matching(240, settings, 1, 80, unet), **common
    )


def _vocoder(third: bool) -> Any:
    causal = "Causal" if third else ""
    pitch = get("cosyvoice.hifigan.f0_predictor", f"{causal}ConvRNNF0Predictor")
    return get("cosyvoice.hifigan.generator", f"{causal}HiFTGenerator")(
        base_channels=32, sampling_rate=24_000, upsample_rates=[8, 5, 3],
        upsample_kernel_sizes=[16, 11, 7], source_resblock_kernel_sizes=[7, 7, 11],
        source_resblock_dilation_sizes=[[1, 3, 5]] * 3, f0_predictor=pitch(cond_channels=32),
    )  # fmt: skip


class Sayings:
    """Gives the worker what CosyVoice's frontend would have: a prompt, and a few text tokens."""

    def __init__(self, model: Any) -> None:
        self.model = model
        third = type(model).__name__ == "CosyVoice3Model"
        self.hello = {
            "space": "cosyvoice3" if third else "cosyvoice2", "vocabulary": 6561,
            "sample_rate": 24_000, "silence": 0,
        }  # fmt: skip
        numbers = torch.Generator().manual_seed(1)
        prompt = torch.randint(6561, (1, PROMPT), generator=numbers)
        self.inputs = {
            "prompt_text": torch.tensor([[5, END_OF_PROMPT, 7]]),
            "llm_prompt_speech_token": prompt,
            "flow_prompt_speech_token": prompt,
            "prompt_speech_feat": torch.randn(1, 2 * PROMPT, 80, generator=numbers),
            "flow_embedding": torch.randn(1, 192, generator=numbers),
        }

    def text(self, count: int) -> Any:
        return torch.arange(count)[None] + 11

    def segments(self, turn: worker.Turn) -> Iterator[worker.Segment]:
        said = turn.request["text"]
        if said is None:
            pieces = (self.text(5) for _ in turn.pieces())
            yield worker.Segment(self.model, {**self.inputs, "text": pieces}, True)
        else:
            inputs = {**self.inputs, "text": self.text(len(said))}
            yield worker.Segment(self.model, inputs, False)


@pytest.fixture(params=HOPS, ids=str)
def voice(request: pytest.FixtureRequest, model: Any) -> Iterator[CosyVoice]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = server, Sayings(model), request.param
        thread = threading.Thread(target=worker.serve, args=arguments)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with CosyVoice(CosyVoiceSettings(address=address, stall_s=600)) as voice:
            yield voice
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def used(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The tokens that the flow was given, call by call."""
    calls: list[list[int]] = []
    infer = model.flow.inference

    def inference(*, token: Any, **rest: Any) -> Any:
        calls.append(token.flatten().tolist())
        return infer(token=token, **rest)

    monkeypatch.setattr(model.flow, "inference", inference)
    return calls


def tokens_of(pieces: list[Speech]) -> list[int]:
    return [int(token) for piece in pieces for token in piece.tokens]


@pytest.mark.parametrize("length", [1, 2, 5, 9])
def test_tapped_tokens_are_those_that_the_audio_is_made_of(
    voice: CosyVoice, used: list[list[int]], length: int
) -> None:
    torch.manual_seed(length)
    pieces = list(voice.speak("." * length))
    tapped = tokens_of(pieces)
    assert used[-1] == tapped
    assert all(call == tapped[: len(call)] for call in used)
    # `speak` has refused any turn with other than 960 samples a token.
    assert sum(len(piece.samples) for piece in pieces) == 960 * len(tapped)


def test_every_request_begins_with_the_same_chunk(
    voice: CosyVoice, used: list[list[int]], model: Any
) -> None:
    firsts = []
    for turn in range(3):
        torch.manual_seed(turn)
        used.clear()
        tapped = tokens_of(list(voice.speak("." * 9)))
        firsts.append(len(used[0]) if len(used[0]) < len(tapped) else None)
    assert len({first for first in firsts if first is not None}) <= 1
    assert model.token_hop_len == 25
    assert not model.hift_cache_dict


def test_text_in_pieces_is_tapped_too(voice: CosyVoice, used: list[list[int]]) -> None:
    if voice.space.name == "cosyvoice3":
        pytest.skip("random weights end CosyVoice3's turns with a token that it refuses")
    torch.manual_seed(3)
    with voice.turn() as turn:
        for _ in range(20):
            turn.say("some words ")
        turn.end()
        tapped = tokens_of(list(turn))
    assert len(tapped) > 0
    assert used[-1] == tapped


def test_the_filter_of_silence_is_cosyvoices_own(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "silent_tokens", [t for t in range(6561) if t % 12])
    sayings = Sayings(model)
    text = sayings.text(9)
    torch.manual_seed(5)
    segment = worker.Segment(model, {**sayings.inputs, "text": text}, False)
    ours = list(segment.tokens())
    segment.close()
    torch.manual_seed(5)
    model.tts_speech_token_dict["theirs"], model.llm_end_dict["theirs"] = [], False
    model.llm_job(
        text, sayings.inputs["prompt_text"], sayings.inputs["llm_prompt_speech_token"],
        torch.zeros(0, 192), "theirs",
    )  # fmt: skip
    theirs = model.tts_speech_token_dict.pop("theirs")
    model.llm_end_dict.pop("theirs")
    assert len(ours) > 0
    assert ours == theirs


def test_the_audio_is_that_of_cosyvoices_own_loop(model: Any) -> None:
    sayings = Sayings(model)
    inputs = {key: value for key, value in sayings.inputs.items() if "text" not in key}
    # Whole blocks of prompt, since CosyVoice itself does not trim it.
    inputs["flow_prompt_speech_token"] = inputs["flow_prompt_speech_token"][:, -50:]
    inputs["prompt_speech_feat"] = inputs["prompt_speech_feat"][:, -100:]
    del inputs["llm_prompt_speech_token"]
    tokens = torch.randint(6561, (1, 140), generator=torch.Generator().manual_seed(2))
    model.token_hop_len = 25
    torch.manual_seed(7)
    spoken = model.tts(**inputs, source_speech_token=tokens, stream=True)
    theirs = torch.cat([chunk["tts_speech"] for chunk in spoken], dim=1).flatten().numpy()
    model.token_hop_len = 25
    torch.manual_seed(7)
    segment = worker.Segment(model, {**inputs, "text": sayings.text(1)}, False)
    made = worker.TokenThread(
        (int(token) for token in tokens.flatten()), lambda token: None, threading.Event()
    )
    made.stop()
    chunks = b"".join(worker.chunks(made, segment, 25, 100))
    segment.close()
    np.testing.assert_array_equal(np.frombuffer(chunks, "<f4"), theirs)


def test_cancelled_turns_leave_no_thread(voice: CosyVoice, model: Any) -> None:
    list(voice.speak("."))
    before = threading.active_count()
    for _ in range(25):
        with voice.turn("." * 9) as turn:
            next(iter(turn), None)
    list(voice.speak("."))
    assert threading.active_count() <= before
    assert not model.hift_cache_dict
