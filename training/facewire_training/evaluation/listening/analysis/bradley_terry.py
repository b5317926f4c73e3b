"""Strengths of systems from pairs, by Bradley and Terry, with intervals for raters like these.

    logit P(left is chosen) = strength of the left one - of the right one + side

Fitted as a logistic regression, whose errors are robust to what a rater's answers have in common.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire_training.evaluation.listening.analysis.beta_means import CONFIDENCE

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_FEWEST_RATERS = 3
_HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What stood where and which was chosen, by whom, [N] each; places count from 0."""

    left: Places
    right: Places
    raters: Places
    left_chosen: NDArray[np.bool_]
    systems: int


@dataclass(frozen=True, slots=True, eq=False)
class Strengths:
    """Estimates of several systems, in the order of their places."""

    values: Floats
    """[K], logits; they add up to 0."""
    covariance: Floats
    """[K, K]"""
    raters: int
    side: float
    """How often the left one is chosen of two that are equally good."""
    bounded: bool
    """Whether every system both won and lost against the others; else half a choice was added to
    each pair, both ways."""

    def shares(self) -> Floats:
        """Return how often each is chosen beside an average one, and its interval, [K, 3]."""
        reach = self.quantile() * np.sqrt(np.diag(self.covariance))
        ends = np.stack([self.values, self.values - reach, self.values + reach], axis=1)
        return 1 / (1 + np.exp(-ends))

    def quantile(self) -> float:
        """Return how many standard errors an interval reaches to each side: Student's t."""
        return float(_stats().t.ppf((1 + CONFIDENCE) / 2, self.raters - 1))

    def difference(self, first: int, second: int) -> tuple[float, float, float]:
        """Return how much stronger one is than the other, in logits, its standard error, and p."""
        contrast = np.zeros(len(self.values))
        contrast[[first, second]] = 1, -1
        value = float(contrast @ self.values)
        error = float(np.sqrt(contrast @ self.covariance @ contrast))
        p = 2 * float(_stats().t.sf(abs(value) / error, self.raters - 1)) if error else 1.0
        return value, error, p


def strengths(choices: Choices) -> Strengths:
    """Return the strength of each system.

    Raises:
        ConfigError: statsmodels is not installed, there are too few raters, or systems that nobody
            compared, not even by way of others.
    """
    raters = int(choices.raters.max()) + 1 if len(choices.raters) else 0
    if raters < _FEWEST_RATERS:
        raise ConfigError(f"{raters} raters are too few; let at least {_FEWEST_RATERS} rate")
    wins = np.zeros((choices.systems, choices.systems))
    winner = np.where(choices.left_chosen, choices.left, choices.right)
    loser = np.where(choices.left_chosen, choices.right, choices.left)
    np.add.at(wins, (winner, loser), 1)
    graph = import_optional("scipy.sparse.csgraph", "the analysis needs scipy", "quality")
    if graph.connected_components(wins + wins.T, directed=False)[0] > 1:
        raise ConfigError("some systems were never compared, not even by way of others")
    # Ford (1957): estimates are finite if and only if each leads to each by a chain of wins.
    bounded = graph.connected_components(wins, directed=True, connection="strong")[0] == 1
    return _fitted(choices, raters, bounded)


def _fitted(choices: Choices, raters: int, bounded: bool) -> Strengths:
    rows = _rows(choices.left, choices.right, choices.systems)
    chosen = choices.left_chosen.astype(np.float64)
    groups, weights = choices.raters, np.ones(len(chosen))
    if not bounded:
        pairs = sorted({(min(p), max(p)) for p in zip(choices.left, choices.right, strict=True)})
        both = np.array([*pairs, *((b, a) for a, b in pairs)], np.intp).T
        extra = _rows(both[0], both[1], choices.systems)
        rows = np.vstack([rows, extra, extra])
        chosen = np.concatenate([chosen, np.ones(len(extra)), np.zeros(len(extra))])
        weights = np.concatenate([weights, np.full(2 * len(extra), _HALF / 2)])
        # Nobody's choices are a cluster of their own.
        groups = np.concatenate([groups, np.full(2 * len(extra), raters)])
    module = import_optional(
        "statsmodels.genmod.generalized_linear_model", "the analysis needs statsmodels", "quality"
    )
    families = import_optional(
        "statsmodels.genmod.families", "the analysis needs statsmodels", "quality"
    )
    model = module.GLM(chosen, rows, family=families.Binomial(), freq_weights=weights)
    # As many columns as strengths but one, and the side: back to strengths that add up to 0.
    back = np.zeros((choices.systems, rows.shape[1]))
    back[:, :-1] = np.vstack([np.eye(choices.systems - 1), -np.ones(choices.systems - 1)])
    params, covariance = _robust(model, groups, raters)
    if not bounded:
        # Choices that are always the same leave nothing for a robust error to see.
        covariance = -np.linalg.inv(model.hessian(params))
    side = 1 / (1 + np.exp(-params[-1]))
    return Strengths(back @ params, back @ covariance @ back.T, raters, float(side), bounded)


def _rows(left: Places, right: Places, systems: int) -> Floats:
    coded = np.vstack([np.eye(systems - 1), -np.ones((1, systems - 1))])
    return np.hstack([coded[left] - coded[right], np.ones((len(left), 1))])


def _robust(model: Any, groups: Places, raters: int) -> tuple[Floats, Floats]:
    """Return the parameters, and their covariance with a rater a cluster."""
    params = np.asarray(model.fit().params, np.float64)
    scores = np.zeros((groups.max() + 1, len(params)))
    np.add.at(scores, groups, model.score_obs(params))
    influence = np.linalg.solve(model.hessian(params), scores[:raters].T)
    return params, influence @ influence.T * raters / (raters - 1)


def _stats() -> Any:
    return import_optional("scipy.stats", "the analysis needs scipy", "quality")
