from skconv.init import GlorotUniform
from skconv.layers import DenseLayer


def test_parameters():
    specs = DenseLayer(num_units=3).param_specs((None, 2, 3, 4))
    assert {name: spec.shape for name, spec in specs.items()} == {"W": (24, 3), "b": (3,)}
    assert [spec.regularizable for spec in specs.values()] == [True, False]
    assert specs["W"].init == GlorotUniform()


def test_without_biases():
    assert list(DenseLayer(num_units=3, b=None).param_specs((None, 4))) == ["W"]


def test_units_must_be_given():
    assert list(DenseLayer().check()) == ["num_units is missing"]
