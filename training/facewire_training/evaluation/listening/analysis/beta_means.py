"""Mean ratings by beta regression, with intervals for raters like those who rated.

Ratings y, squeezed into (0, 1), are Beta(mu phi, (1 - mu) phi) with

    logit mu = system + sentence + rater        log phi = system

A system's mean is what the model expects of all raters on all sentences, averaged. Its interval is
the sandwich of all estimating equations at once, a rater a cluster: it holds what a rater's own
taste does to every rating of theirs, and that other raters would have come as well.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

CONFIDENCE = 0.95
_FEWEST_RATERS = 3
_FLAT = 1e-6
"""How steep the likelihood may still be at its top, for each rating."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Who rated what of which sentence how, [N] each; the first three count from 0."""

    systems: Places
    sentences: Places
    raters: Places
    ratings: Floats
    """0 to 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Estimates of several systems, in the order of their places."""

    means: Floats
    """[K], 0 to 1."""
    covariance: Floats
    """[K, K]"""
    raters: int
    ties_spread: bool
    """Whether equal ratings had to be spread over the point that they stand for: a system that
    gets the same one all the time is infinitely precise, and draws everything to it."""

    def intervals(self) -> Floats:
        """Return the lower and the upper end of each mean, [K, 2]: even on the logit's scale."""
        logits = np.log(self.means / (1 - self.means))
        errors = np.sqrt(np.diag(self.covariance)) / (self.means * (1 - self.means))
        reach = self.quantile() * errors
        return 1 / (1 + np.exp(-np.stack([logits - reach, logits + reach], axis=1)))

    def quantile(self) -> float:
        """Return how many standard errors an interval reaches to each side: Student's t."""
        return float(_scipy_stats().t.ppf((1 + CONFIDENCE) / 2, self.raters - 1))

    def difference(self, first: int, second: int) -> tuple[float, float, float]:
        """Return how much higher one is rated than the other, its standard error, and p."""
        contrast = np.zeros(len(self.means))
        contrast[[first, second]] = 1, -1
        value = float(contrast @ self.means)
        error = float(np.sqrt(contrast @ self.covariance @ contrast))
        p = 2 * float(_scipy_stats().t.sf(abs(value) / error, self.raters - 1)) if error else 1.0
        return value, error, p


def squeezed(ratings: Floats) -> Floats:
    """Return ratings of 0 to 100 inside (0, 1), as Smithson and Verkuilen (2006) do it.

    (y (n - 1) + 1/2) / n moves all of them a little to the middle: by less, the more there are.
    """
    count = len(ratings)
    return (ratings / 100 * (count - 1) + 0.5) / count


def beta_means(scores: Scores) -> Means:
    """Return the mean of each system.

    Raises:
        ConfigError: statsmodels is not installed, there are too few raters, or no estimate exists.
    """
    raters = int(scores.raters.max()) + 1 if len(scores.raters) else 0
    if raters < _FEWEST_RATERS:
        raise ConfigError(
            f"{raters} raters are too few to tell raters from systems; let at least "
            f"{_FEWEST_RATERS} rate"
        )
    design = _Design.of(scores)
    model = _model(design, scores.ratings)
    params = _fitted(model)
    spread = params is None
    if params is None:
        model = _model(design, _ties_spread(scores))
        params = _fitted(model)
    if params is None:
        raise ConfigError("the ratings have no beta regression; let more people rate")
    influence = _influence_of_params(model, params, scores.raters, raters)
    count = design.exog.shape[1]
    means, parts, slopes = _marginal(design, params[:count], raters)
    by_rater = parts / raters + influence[:, :count] @ slopes.T
    return Means(means, by_rater.T @ by_rater * raters / (raters - 1), raters, spread)


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    exog: Floats
    precision: Floats
    sentences: Floats
    """[sentences, columns of sentences]: how each is coded."""
    raters: Floats
    systems: int

    @classmethod
    def of(cls, scores: Scores) -> "_Design":
        systems = np.eye(int(scores.systems.max()) + 1)
        sentences = _sum_coded(int(scores.sentences.max()) + 1)
        raters = _sum_coded(int(scores.raters.max()) + 1)
        columns = systems[scores.systems], sentences[scores.sentences], raters[scores.raters]
        return cls(np.hstack(columns), systems[scores.systems], sentences, raters, systems.shape[1])


def _sum_coded(levels: int) -> Floats:
    """Return a row of columns for each level; the rows add up to 0."""
    return np.vstack([np.eye(levels - 1), -np.ones((1, levels - 1))])


def _model(design: _Design, ratings: Floats) -> Any:
    module = import_optional(
        "statsmodels.othermod.betareg", "the analysis needs statsmodels", "quality"
    )
    return module.BetaModel(squeezed(ratings), design.exog, exog_precision=design.precision)


def _ties_spread(scores: Scores) -> Floats:
    """Return each rating r somewhere from r - 1/2 to r + 1/2: equal ones of a system evenly."""
    spread = scores.ratings.astype(np.float64)
    for system in np.unique(scores.systems):
        for value in np.unique(scores.ratings[scores.systems == system]):
            places = np.flatnonzero((scores.systems == system) & (scores.ratings == value))
            # In an order that has nothing to do with who rated what.
            shuffled = np.random.default_rng(0).permutation(len(places))
            low, high = max(value - 0.5, 0.0), min(value + 0.5, 100.0)
            spread[places] = low + (high - low) * (shuffled + 0.5) / len(places)
    return spread


def _fitted(model: Any) -> Floats | None:
    """Return the parameters of most likelihood; None: there are none."""
    for first in ("", "bfgs"):
        start = _climbed(model, first, None) if first else None
        params = _climbed(model, "newton", start)
        slope = np.abs(model.score(params)).max() if np.isfinite(params).all() else np.inf
        if slope < _FLAT * model.nobs:
            return params
    return None


def _climbed(model: Any, method: str, start: Floats | None) -> Floats:
    with warnings.catch_warnings():
        # What did not converge is seen from the slope.
        warnings.simplefilter("ignore")
        try:
            result = model.fit(start, method=method, disp=0, skip_hessian=True)
        except (np.linalg.LinAlgError, FloatingPointError, ValueError):
            return np.full(model.exog.shape[1] + model.exog_precision.shape[1], np.nan)
    return np.asarray(result.params, np.float64)


def _influence_of_params(model: Any, params: Floats, places: Places, raters: int) -> Floats:
    """Return how much each rater moved each parameter, [raters, parameters]."""
    scores = np.zeros((raters, len(params)))
    np.add.at(scores, places, model.score_obs(params))
    return -np.linalg.solve(model.hessian(params), scores.T).T


def _marginal(design: _Design, params: Floats, raters: int) -> tuple[Floats, Floats, Floats]:
    """Return the means [K], how far each rater is from them [raters, K], and slopes [K, P]."""
    systems, sentences = design.systems, design.sentences
    middle = systems + sentences.shape[1]
    of_sentences = sentences @ params[systems:middle]
    of_raters = design.raters @ params[middle:]
    logits = params[:systems, None, None] + of_sentences[None, :, None] + of_raters[None, None, :]
    expected = 1 / (1 + np.exp(-logits))
    means = expected.mean(axis=(1, 2))
    steep = expected * (1 - expected)
    slopes = np.hstack(
        [
            np.diag(steep.mean(axis=(1, 2))),
            steep.mean(axis=2) @ sentences / sentences.shape[0],
            steep.mean(axis=1) @ design.raters / raters,
        ]
    )
    return means, (expected.mean(axis=1) - means[:, None]).T, slopes


def _scipy_stats() -> Any:
    return import_optional("scipy.stats", "the analysis needs scipy", "quality")
