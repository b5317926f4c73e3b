"""The measures of the probes, on cases worked by hand."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from scipy.sparse import csr_array

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import PHONES
from facewire_training.evaluation.peers.visemes import OCULUS
from facewire_training.recipes.tokens_to_faces.probes.clusters import face_classes, pseudo_tokens
from facewire_training.recipes.tokens_to_faces.probes.design import one_hot, with_context
from facewire_training.recipes.tokens_to_faces.probes.entropy import (
    contingency,
    entropy_by_token,
    joint_ids,
    told,
)
from facewire_training.recipes.tokens_to_faces.probes.linear_probe import (
    accuracy,
    commonest_share,
    explained,
    folds_of,
)
from facewire_training.recipes.tokens_to_faces.probes.ridge import (
    discriminant,
    fit_sparse,
    moments,
    solved,
)
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEME_OF, VISEMES


def test_every_phone_has_one_viseme() -> None:
    assert sorted(phone for said in VISEMES.values() for phone in said) == sorted(PHONES)
    assert all(set(named) <= set(VISEMES[name]) for name, named in OCULUS.items())
    assert VISEME_OF[PHONES.index("m")] == VISEME_OF[PHONES.index("p")] == 1


def test_entropies_are_those_of_the_table() -> None:
    # Token 0: 2 of class 0, 2 of class 1 (1 bit). Token 9: 4 of class 0 (0 bits).
    tokens = np.array([0, 0, 0, 0, 9, 9, 9, 9])
    classes = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    assert contingency(tokens, classes).tolist() == [[2, 2], [4, 0]]
    found = told(tokens, classes)
    kind = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert found.class_bits == pytest.approx(kind)
    assert found.bits == pytest.approx(0.5)
    assert found.mutual_bits == pytest.approx(kind - 0.5)
    # Miller-Madow: 3 cells, 2 tokens, 2 classes, of 8 rows.
    unit = 1 / (16 * np.log(2))
    assert found.corrected_bits == pytest.approx(0.5 + (3 - 2) * unit)
    assert found.corrected_mutual_bits == pytest.approx(kind - 0.5 + (1 + 1 - 2) * unit)
    assert found.purity == pytest.approx(6 / 8)
    assert (found.tokens, found.tokens_counted) == (2, 0)
    assert found.by_token is not None
    assert np.isnan(found.by_token)


def test_the_published_entropy_counts_tokens_alike_and_rare_ones_not() -> None:
    # 1 bit in 20 rows, 0 bits in 100 rows, and a token of 19 rows that is left out; K is 2.
    table = np.array([[10, 10], [100, 0], [9, 10]])
    assert entropy_by_token(table) == pytest.approx(0.5)
    assert entropy_by_token(table, least=101) != entropy_by_token(table, least=101)


def test_the_correction_takes_away_most_of_what_chance_tells() -> None:
    rng = np.random.default_rng(0)
    tokens, classes = rng.integers(0, 30, 2000), rng.integers(0, 10, 2000)
    found = told(tokens, classes)
    assert found.mutual_bits > 0.05
    assert abs(found.corrected_mutual_bits) < 0.02
    assert found.chance_bits == pytest.approx(found.mutual_bits, rel=0.2)


def test_codebooks_together_are_one_number_a_row() -> None:
    assert len(set(joint_ids(np.array([[0, 1], [1, 0], [0, 1], [1, 1]])).tolist())) == 3


def test_classes_of_faces_are_the_same_each_time_and_find_what_is_apart() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 400)
    faces = (np.eye(4)[truth] + rng.normal(0, 0.01, (400, 4))).astype(np.float32)
    found = face_classes(faces, 4).of(faces)
    assert np.array_equal(found, face_classes(faces, 4).of(faces))
    assert contingency(truth, found).max(axis=1).sum() == 400
    tokens = pseudo_tokens(faces, 4).of(faces)
    assert contingency(truth, tokens).max(axis=1).sum() >= 200
    still = np.zeros((50, 4), np.float32)
    assert set(face_classes(still, 4).of(still).tolist()) == {0}


def test_neighbours_are_columns_and_what_is_not_there_is_nought() -> None:
    ids = np.array([[1, 0], [0, 2]])
    seen = [np.array([-1, 0]), np.array([0, 1])]
    # Before: codebook one has 2 ids, two has 3; then the same for the row itself.
    assert one_hot(ids, seen).toarray().tolist() == [
        [0, 0, 0, 0, 0, 0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0, 1, 0, 0, 0, 1],
    ]
    rows = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    assert with_context(rows, seen).tolist() == [[0, 0, 1, 2], [1, 2, 3, 4]]


def test_ridge_regression_by_both_ways_is_the_closed_form() -> None:
    rng = np.random.default_rng(2)
    design = (rng.random((300, 40)) < 0.1).astype(np.float64)
    targets = rng.normal(size=(300, 3))
    centred = design - design.mean(axis=0)
    square = centred.T @ centred + np.eye(40)
    weights = np.linalg.solve(square, centred.T @ (targets - targets.mean(axis=0)))
    dense, sparse = solved(moments(design, targets)), fit_sparse(csr_array(design), targets)
    for model in (dense, sparse):
        np.testing.assert_allclose(model.weights, weights, atol=1e-4)
        np.testing.assert_allclose(model(design).mean(axis=0), targets.mean(axis=0), atol=1e-6)
    # One column, by hand: x of -1 and 1, y of 0 and 3: slope 3 / (2 + 1), offset 1.5.
    model = solved(moments(np.array([[-1.0], [1.0]]), np.array([[0.0], [3.0]])))
    assert model.weights[0, 0] == pytest.approx(1.0)
    assert model.offset[0] == pytest.approx(1.5)


def test_r2_is_held_out_and_that_of_the_training_rows_flatters() -> None:
    rng = np.random.default_rng(3)
    design, targets = rng.normal(size=(200, 60)), rng.normal(size=(200, 4))
    targets[:, 3] = 0.5
    found = explained(design, targets, folds_of(np.repeat(np.arange(20), 10)))
    assert found.training_overall > 0.2
    assert found.overall < 0.0
    columns = np.array(found.columns, float)
    assert np.isnan(columns[3])
    assert not np.isnan(columns[:3]).any()
    assert found.median == pytest.approx(np.median(columns[:3]))


def test_folds_are_whole_streams_of_about_one_size() -> None:
    streams = np.repeat(np.arange(12), [5, 9, 1, 4, 8, 7, 3, 3, 6, 2, 9, 3])
    folds = folds_of(streams)
    assert all(len(set(folds[streams == one].tolist())) == 1 for one in range(12))
    sizes = np.bincount(folds)
    assert len(sizes) == 5
    assert sizes.max() - sizes.min() <= 3
    with pytest.raises(ConfigError, match="two utterances"):
        folds_of(np.zeros(9, np.int64))


def test_accuracy_is_that_of_the_likeliest_class() -> None:
    classes = np.tile([4, 7, 9, 7], 30)
    design = np.eye(10)[classes]
    folds = folds_of(np.repeat(np.arange(12), 10))
    assert accuracy(design, classes, folds) == 1.0
    assert commonest_share(classes) == 0.5
    assert accuracy(np.zeros((120, 2)), classes, folds) == 0.5
    # A class between two others is found, too.
    assert accuracy(classes[:, None].astype(np.float64), classes, folds) == 1.0


def test_the_discriminant_cuts_in_the_middle_but_for_how_often_classes_come() -> None:
    # 0, 2 and 6, 8: means 1 and 7, scatter within 2 + 2 and alpha 0: a variance of 1.
    design, truth = np.array([[0.0], [2], [6], [8]]), np.repeat(np.eye(2), 2, axis=0)
    model = discriminant(moments(design, truth), alpha=0.0)
    assert model.weights.tolist() == [[1.0, 7.0]]
    scores = model(np.array([[4.0]]))[0]
    assert scores[0] == pytest.approx(scores[1])
    often = discriminant(moments(design[[0, 1, 0, 1, 2, 3]], truth[[0, 1, 0, 1, 2, 3]]), alpha=0.0)
    gap = np.diff(often(np.array([[4.0]]))[0])[0]
    assert gap == pytest.approx(np.log(2 / 4))
