"""Draw mouths from the 52 weights, so that what is drawn has a gradient back to them.

Every line across the mouth (`contours.py`) is a height over each column of the picture, so a layer
is what lies between two heights: with `G(y) = sigmoid((row - y) / softness)` the share of a pixel
between heights `a` and `b` is `G(a) - G(b)`, the interval blurred by a logistic kernel. Its area is
exactly `b - a`, and the gradient is alive wherever an edge can be seen. That costs a handful of
sigmoids a pixel, where a distance to every segment would cost a hundred.

From back to front: skin, lips, the dark inside, both rows of teeth (the lower one moves with the
jaw), the tongue. The face model has no tongueOut: the tongue here rises from behind the lower teeth
to the upper ones, and then comes over the lower lip.
"""

from typing import Final

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_training.recipes.perception.contours import CONTOURS, load_contours

SIZE = 96
"""Pixels of a side."""
CROP_MM = 84.0
"""What a side shows: the closed mouth is 51 mm wide."""
_CENTRE_MM = -37.0
"""Height of the picture's middle on the face model; the closed lips meet at -33.6."""

LOOK: tuple[str, ...] = ("skin", "lips", "inside", "teeth", "tongue", "x", "y", "scale")
"""What a drawn face can differ in: five greys from 0 to 1, where it is in mm, and how large."""
USUAL_LOOK: tuple[float, ...] = (0.62, 0.40, 0.06, 0.85, 0.46, 0.0, 0.0, 1.0)

_SOFTNESS = 0.55
"""Of edges, in pixels of a picture of `SIZE`."""
_LEAST_PART = 0.35
"""Half of the dark line between closed lips, in pixels."""
_TONGUE_MM = 15.0
"""Half of the tongue's width."""
_SHADOW_MM = 7.0
"""Height of the shadow under the lower lip."""
_LIT_MM = 2.0
"""How far lips are apart when half of the light falls on the teeth."""
_ROOM_MM = 2.0
"""How far they are apart when half of the tongue that is out comes over the lower lip."""


class MouthRenderer(nn.Module):
    """Weights to grey pictures of the mouth."""

    neutral: Tensor
    moves: Tensor
    usual: Tensor

    def __init__(self, size: int = SIZE) -> None:
        """Make a renderer of pictures of `size` by `size` pixels."""
        super().__init__()
        self.size: Final = size
        contours = [load_contours()[name] for name in CONTOURS]
        self._points: Final = [len(one.neutral) for one in contours]
        neutral = torch.cat([torch.tensor(one.neutral) for one in contours])
        moves = torch.cat([torch.tensor(one.moves) for one in contours], dim=1)
        self.register_buffer("neutral", neutral, persistent=False)
        self.register_buffer("moves", moves.flatten(1), persistent=False)
        self.register_buffer("usual", torch.tensor(USUAL_LOOK), persistent=False)

    def forward(self, weights: Tensor, look: Tensor | None = None) -> Tensor:
        """Draw faces.

        Args:
            weights: `[..., 52]` by `facewire.arkit.NAMES`, clamped to [0, 1].
            look: `[..., 8]` as `LOOK` says; the usual one if it is not given.

        Returns:
            `[..., size, size]` grey from 0 to 1; row 0 is the top.
        """
        flat = weights.reshape(-1, arkit.COUNT).clamp(0.0, 1.0)
        looks = self.usual.expand(len(flat), -1) if look is None else look.reshape(len(flat), -1)
        heights, corners = self._heights(flat, looks)
        drawn = self._draw(heights, corners, flat[:, arkit.INDEX["tongueOut"]], looks)
        return drawn.reshape(*weights.shape[:-1], self.size, self.size)

    def _heights(self, weights: Tensor, looks: Tensor) -> tuple[Tensor, Tensor]:
        """Return each line's row over each column, `[B, 6, size]`, and columns of corners, [B, 2].

        Between points a line is straight; outside it stays as high as it ends.
        """
        points = self.neutral + (weights @ self.moves).reshape(len(weights), -1, 2)
        centre = points.new_tensor((0.0, _CENTRE_MM))
        pixels = self.size / CROP_MM
        place = (points - centre + looks[:, None, 5:7]) * (looks[:, 7, None, None] * pixels)
        x = place[..., 0] + self.size / 2
        y = self.size / 2 - place[..., 1]
        columns = self._columns(x)
        lines = []
        at = 0
        for count in self._points:
            left, down = x[:, at : at + count], y[:, at : at + count]
            run = left.diff(dim=1).clamp(min=1e-2)
            done = ((columns[:, None] - left[:, None, :-1]) / run[:, None]).clamp(0.0, 1.0)
            lines.append(down[:, :1] + (done @ down.diff(dim=1)[..., None])[..., 0])
            at += count
        inner = self._points[0]
        return torch.stack(lines, dim=1), x[:, [inner, inner + self._points[1] - 1]]

    def _draw(self, heights: Tensor, corners: Tensor, tongue: Tensor, looks: Tensor) -> Tensor:
        """Return pictures `[B, size, size]`; `heights` as `_heights` says, `tongue` is [B]."""
        lines = self._lines(heights, corners)
        off = (self._columns(heights) - corners.mean(1, keepdim=True)) / self._mm(_TONGUE_MM)
        tongue_top, tongue_bottom = self._tongue(lines, tongue[:, None], off)
        skin, lips, dark, white, flesh = (looks[:, i, None] for i in range(5))
        # Teeth are seen by the light that falls between the lips, and less far to the sides.
        opened = lines["bottom"] - lines["top"]
        light = opened / (opened + self._mm(_LIT_MM)) * (1 - 0.55 * off.square().clamp(max=1.2))
        shine = (white - dark) * light
        steps: dict[str, Tensor] = {}
        for above, below, grey in (
            ("lower_out", "shadow", -0.12 * skin),
            ("upper_out", "lower_out", lips - skin),
            ("upper_out", "top", -0.18 * lips),
            ("top", "bottom", dark - lips),
            ("top", "bite", shine),
            ("lower_bite", "bottom", 0.9 * shine),
        ):
            steps[above] = steps.get(above, 0.0) + grey
            steps[below] = steps.get(below, 0.0) - grey
        # All layers that end at a line are drawn by one step of grey there.
        drawn = skin[..., None].expand(-1, self.size, self.size)
        for name, grey in steps.items():
            drawn = torch.addcmul(drawn, self._below(lines[name]), grey[:, None])
        covers = self._below(tongue_top) - self._below(tongue_bottom)
        return torch.lerp(drawn, flesh[..., None].expand_as(drawn), covers)

    def _lines(self, heights: Tensor, corners: Tensor) -> dict[str, Tensor]:
        """Return which edges are seen, `[B, size]` each: what is in front cuts what is behind."""
        upper_out, upper, lower, lower_out, upper_teeth, lower_teeth = heights.unbind(1)
        lower_out = torch.maximum(upper_out, lower_out)
        columns, soft = self._columns(heights), 2 * self._soft
        inside = torch.sigmoid((columns - corners[:, :1]) / soft)
        inside = inside * torch.sigmoid((corners[:, 1:] - columns) / soft)
        # Lips that are pressed together keep a thin dark line, and a gradient that opens them.
        part = _LEAST_PART * self.size / SIZE
        opened = nn.functional.softplus((lower - upper) / part) * part * inside
        top = _between(torch.minimum(upper, (upper + lower) / 2), upper_out, lower_out)
        bottom = _between(top + opened, upper_out, lower_out)
        bite = _between(upper_teeth, top, bottom)
        return {
            "upper_out": upper_out,
            "top": top,
            "bite": bite,
            "lower_bite": _between(lower_teeth, bite, bottom),
            "bottom": bottom,
            "lower_out": lower_out,
            "shadow": lower_out + self._mm(_SHADOW_MM) * inside,
        }

    def _tongue(self, lines: dict[str, Tensor], out: Tensor, off: Tensor) -> tuple[Tensor, Tensor]:
        """Return upper and lower edge of the tongue, `[B, size]` each, which may be one line.

        `out` is tongueOut [B, 1]; `off` is how far each column is from the middle, 1 at its side.
        """
        wide = torch.sigmoid(12 * (1 - off.square()))
        rise = (1 - torch.exp(-6 * out)) * wide
        behind, bottom = lines["lower_bite"], lines["bottom"]
        top = behind + rise * (lines["bite"] - behind)
        opened = bottom - lines["top"]
        room = opened / (opened + self._mm(_ROOM_MM))
        over = out * wide * room * (lines["lower_out"] - bottom)
        return top, top + rise * (bottom - top) + over

    def _below(self, line: Tensor) -> Tensor:
        """Return how much of each pixel is below a line `[B, size]`, `[B, size, size]`."""
        rows = self._columns(line)
        return torch.sigmoid(rows[:, None] / self._soft - (line / self._soft)[:, None])

    def _columns(self, like: Tensor) -> Tensor:
        return torch.arange(self.size, device=like.device, dtype=like.dtype) + 0.5

    def _mm(self, length: float) -> float:
        """Return a length in pixels."""
        return length * self.size / CROP_MM

    @property
    def _soft(self) -> float:
        return _SOFTNESS * self.size / SIZE


def _between(line: Tensor, above: Tensor, below: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(line, above), below)
