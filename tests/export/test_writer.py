import contextlib

import numpy as np

from skconv.export.writer import Writer


def test_names_are_those_of_the_scope_and_free():
    writer = Writer(["a/Relu"])
    writer.scope = "a"
    assert writer.add("Relu", "x") == "a/Relu_2"
    assert writer.add("Relu", "x", named="y") == "y"
    assert writer.constant(1.0, "W") == "a.W"
    assert writer.integers(1, 2, name="W") == "a.W_2"
    assert writer.initializers[1].dims == [2]
    assert writer.add_several("LSTM", ["x"], 2) == ["a/LSTM", "a/LSTM_2"]


def test_types_of_constants():
    writer = Writer()
    writer.constant(np.ones(2))
    writer.constant(np.array(["a"], object), "text", None)
    assert [own.data_type for own in writer.initializers] == [1, 8]


def test_what_fails_leaves_nothing():
    writer = Writer()
    with contextlib.suppress(ValueError), writer.attempt():
        writer.add("Relu", writer.constant(1.0))
        writer.constant("text")
    assert not writer.nodes
    assert not writer.initializers
    assert writer.free_name("constant") == "constant"
