"""Graphs that were rewritten for compilers say what they said before."""

from typing import Any

import numpy as np
import pytest

from facewire_engines.backends.graph import NEXT, Array
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.backends.onnx_surgery import ROWS, SIZE, in_rows, one_hop, parse
from facewire_engines.backends.tensorrt.plan_form import in_precision, plan_form
from facewire_engines.model_files import read_graph, read_manifest
from facewire_engines.plan_building import model_folder

onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[torch]'")

FOLDER = model_folder("phones")
ENCODER, DECODER = (
    read_graph(FOLDER, read_manifest(FOLDER), name) for name in ("encoder.onnx", "decoder.onnx")
)


def feeds(graph: OnnxGraph, batch: int) -> dict[str, Array]:
    random = np.random.default_rng(0)
    given = {}
    for tensor in graph.spec.inputs:
        shape = tensor.zeros(batch).shape if tensor.name != "samples" else (batch, 160)
        given[tensor.name] = random.uniform(0, 0.5, shape).astype(np.float32)
    return given


def test_one_hop_is_what_the_recurrent_layers_make_of_it() -> None:
    graph = OnnxGraph(ENCODER.content)
    model = parse(ENCODER.content, "encoder.onnx")
    one_hop(model)
    onnx.checker.check_model(model)
    assert "GRU" not in {node.op_type for node in model.graph.node}
    given = feeds(graph, 3)
    rewritten = OnnxGraph(model.SerializeToString()).run(given)
    for found, expected in zip(rewritten, graph.run(given), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_rows_of_tables_are_stepped_and_the_others_stay() -> None:
    graph = OnnxGraph(ENCODER.content)
    model = parse(ENCODER.content, "encoder.onnx")
    in_rows(model)
    onnx.checker.check_model(model, full_check=True)
    table = OnnxGraph(model.SerializeToString())
    given = feeds(graph, 3)
    expected = dict(zip([t.name for t in graph.spec.outputs], graph.run(given), strict=True))
    rows, others = np.array([5, 0, 2]), np.array([1, 3, 4])
    tables: dict[str, Any] = {}
    for past in graph.spec.pasts:
        own = np.moveaxis(given[past.name], past.row_axis, 0)
        tables[past.name] = np.ones((6, *own.shape[1:]), np.float32)
        tables[past.name][rows] = own
    fed = {"samples": given["samples"], ROWS: rows, **tables}
    found = dict(zip([t.name for t in table.spec.outputs], table.run(fed), strict=True))
    np.testing.assert_allclose(found["classes"], expected["classes"], atol=1e-6)
    assert np.isfinite(found[SIZE]).all()
    for past in graph.spec.pasts:
        right = np.moveaxis(expected[NEXT + past.name], past.row_axis, 0)
        np.testing.assert_allclose(found[NEXT + past.name][rows], right, atol=1e-6)
        assert (found[NEXT + past.name][others] == 1).all()


def test_a_row_that_is_not_a_number_has_no_size() -> None:
    model = parse(ENCODER.content, "encoder.onnx")
    in_rows(model)
    table = OnnxGraph(model.SerializeToString())
    fed: dict[str, Array] = {"samples": np.zeros((2, 160), np.float32), ROWS: np.array([0, 1])}
    for past in OnnxGraph(ENCODER.content).spec.pasts:
        own = np.moveaxis(past.zeros(2), past.row_axis, 0)
        fed[past.name] = np.ascontiguousarray(own)
    fed["past_samples"][1, -1] = np.nan
    found = dict(zip([t.name for t in table.spec.outputs], table.run(fed), strict=True))
    assert np.isfinite(found[SIZE]).tolist() == [True, False]


def test_sixteen_bits_are_for_products_and_not_for_spectra() -> None:
    model = onnx.load_from_string(in_precision(ENCODER, "fp16").content)
    kinds = {t.name: t.data_type for t in model.graph.initializer}
    assert set(kinds.values()) == {onnx.TensorProto.FLOAT}
    halves = [n for n in model.graph.node if n.op_type in ("Conv", "Gemm", "MatMul")]
    cast = [n.name for n in halves if all(i.startswith(f"{n.name}/half") for i in n.input)]
    assert len(halves) - len(cast) == 2  # the Fourier transform and the mel filters
    graph = OnnxGraph(DECODER.content)
    given = feeds(graph, 4)
    half = OnnxGraph(in_precision(DECODER, "fp16").content).run(given)[0]
    difference = np.abs(half - graph.run(given)[0]).max()
    assert 0 < difference < 1e-2


def test_a_graph_without_pasts_keeps_its_tensors() -> None:
    graph, plan = OnnxGraph(DECODER.content), OnnxGraph(plan_form(DECODER, "fp32"))
    assert plan.spec == graph.spec
