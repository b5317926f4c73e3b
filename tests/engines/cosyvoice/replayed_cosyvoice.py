"""A stand-in for the package `cosyvoice` itself: it replays a recording with the same interface.

Copied to `cosyvoice/cli/cosyvoice.py` where the real worker looks for CosyVoice. What it is asked
to say tells it how to misbehave.
"""

import os
import threading
import time
from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

HELD_BACK = 4
"""Tokens whose audio the vocoder keeps for the next chunk: 160 ms."""
SAMPLES = 960

stalled = threading.Event()
"""Set by a test to let what stalls go on."""


class Language:
    """Says the recorded tokens, whatever the text is, if it is harmless."""

    speech_token_size = 6561

    def __init__(self, tokens: np.ndarray) -> None:
        self._tokens = tokens

    def inference(self, text: torch.Tensor, **_: Any) -> Iterator[int]:
        said = bytes(text.flatten().tolist()).decode()
        for index, token in enumerate(self._tokens.tolist()):
            if "slow" in said:
                time.sleep(0.001)
            if index == 40 and "die" in said:
                os._exit(3)
            if index == 40 and "stall" in said:
                stalled.wait()
            if index == 40 and "break" in said:
                raise RuntimeError("out of memory")
            yield 7000 if index == 40 and "foreign" in said else token

    def inference_bistream(self, text: Generator[torch.Tensor], **rest: Any) -> Iterator[int]:
        """Five tokens for each piece of text, and the rest at its end."""
        tokens = iter(self._tokens.tolist())
        for _ in text:
            yield next(tokens)
        yield from tokens


class Model:
    """The part of CosyVoice2Model that the worker uses."""

    device = torch.device("cpu")
    fp16 = False

    def __init__(self, tokens: np.ndarray, audio: np.ndarray) -> None:
        self.llm = Language(tokens)
        self.flow = SimpleNamespace(pre_lookahead_len=3, token_mel_ratio=2)
        self.hift_cache_dict: dict[str, Any] = {}
        self.silent_tokens: list[int] = []
        self.made: list[tuple[list[int], int, bool]] = []
        """Tokens, offset and finality of every call."""
        self._audio = audio

    def token2wav(
        self, token: torch.Tensor, token_offset: int, uuid: str, finalize: bool, **_: Any
    ) -> torch.Tensor:
        assert uuid in self.hift_cache_dict
        self.made.append((token.flatten().tolist(), token_offset, finalize))
        end = token.shape[1] if finalize else token.shape[1] - 3 - HELD_BACK
        first = max(0, token_offset - HELD_BACK)
        return torch.from_numpy(self._audio[first * SAMPLES : end * SAMPLES])[None]


class Frontend:
    """The part of CosyVoiceFrontEnd that the worker uses."""

    def __init__(self) -> None:
        self.spk2info: dict[str, Any] = {}

    def text_normalize(self, text: str, split: bool = True) -> Any:
        return [piece for piece in text.split("|") if piece.strip()] if split else text

    def _extract_text_token(self, text: Any) -> tuple[Any, torch.Tensor]:
        if isinstance(text, Generator):
            return (self._extract_text_token(piece)[0] for piece in text), torch.tensor([0])
        return torch.tensor([list(text.encode())], dtype=torch.int32), torch.tensor([len(text)])

    def _extract_speech_token(self, path: str) -> tuple[torch.Tensor, torch.Tensor]:
        assert os.path.getsize(path) > 32_000
        return torch.full((1, 25), 4218), torch.tensor([25])

    def frontend_zero_shot(
        self, text: Any, prompt_text: str, prompt_wav: str, rate: int, name: str
    ) -> dict[str, Any]:
        return {**self.spk2info[name], "text": self._extract_text_token(text)[0]}

    def frontend_cross_lingual(self, text: Any, wav: str, rate: int, name: str) -> dict[str, Any]:
        inputs = self.frontend_zero_shot(text, "", wav, rate, name)
        del inputs["prompt_text"], inputs["llm_prompt_speech_token"]
        return inputs

    def frontend_instruct2(
        self, text: Any, instruct: str, wav: str, rate: int, name: str
    ) -> dict[str, Any]:
        inputs = self.frontend_zero_shot(text, instruct, wav, rate, name)
        del inputs["llm_prompt_speech_token"]
        return inputs

    def frontend_sft(self, text: Any, name: str) -> dict[str, Any]:
        return {"text": self._extract_text_token(text)[0], **self.spk2info[name]}


class AutoModel:
    """CosyVoice2, whose prompt is 60 tokens long."""

    sample_rate = 24_000

    def __init__(self, model_dir: str) -> None:
        with np.load(os.path.join(model_dir, "recording.npz")) as recording:
            self.model = Model(recording["tokens"], recording["audio"])
        self.frontend = Frontend()

    def add_zero_shot_spk(self, prompt_text: str, prompt_wav: str, zero_shot_spk_id: str) -> bool:
        tokens = torch.zeros(1, 60, dtype=torch.int32)
        self.frontend.spk2info[zero_shot_spk_id] = {
            "prompt_text": self.frontend._extract_text_token(prompt_text)[0],
            "llm_prompt_speech_token": tokens,
            "flow_prompt_speech_token": tokens,
            "prompt_speech_feat": torch.zeros(1, 120, 80),
            "llm_embedding": torch.zeros(1, 192),
            "flow_embedding": torch.zeros(1, 192),
        }
        return True
