import pytest


@pytest.mark.parametrize(
    ("dims", "rest", "sizes"),
    [
        ([0, -1, 6], "", (28, 6)),
        ([2, 7, 24], "", (7, 24)),
        ([0, 0, 42], "", (4, 42)),
        ([2, -1], "axis: 1 num_axes: 1", (2, 2, 7, 6)),
        ([3, -1], "axis: -3", (4, 3, 14)),
        ([1], "axis: 1 num_axes: 0", (1, 4, 7, 6)),
        ([1], "axis: -1", (4, 7, 6, 1)),
    ],
)
def test_reshape(layer, dims, rest, sizes):
    params = f"reshape_param {{ shape {{ dim: {dims} }} {rest} }}"
    assert layer("Reshape", params)["x_shape"] == ([0], *sizes)


def test_shapes_that_stay_need_no_layer(read):
    text = """
    input: "data" input_shape { dim: [2, 4] }
    layer { name: "f" type: "Flatten" bottom: "data" top: "f" }
    layer { name: "r" type: "Reshape" bottom: "f" top: "r" reshape_param { shape { dim: [0, 4] } } }
    layer { name: "s" type: "Split" bottom: "r" top: "a" top: "b" }
    layer { name: "c" type: "Concat" bottom: "a" bottom: "b" top: "c" }"""
    made = read(text).network
    assert [name for name, _ in made["layers"]] == ["data", "c"]
    assert made["c_incomings"] == ["data", "data"]


def test_flatten(layer):
    assert layer("Flatten", "flatten_param { axis: 2 }")["x_shape"] == ([0], 4, 42)
    assert layer("Flatten", "flatten_param { end_axis: -2 }")["x_shape"] == ([0], 28, 6)


def test_slices_of_equal_size_or_between_points(layer):
    made = layer("Slice", top=["a", "b"])
    assert [made[f"x_{i}_indices"] for i in (1, 2)] == [slice(0, 2), slice(2, 4)]
    made = layer("Slice", "slice_param { axis: 2 slice_point: [1, 5] }", top=["a", "b", "c"])
    assert [made[f"x_{i}_indices"] for i in (1, 2, 3)] == [slice(0, 1), slice(1, 5), slice(5, 7)]
    assert made["x_3_axis"] == 2


def test_older_names_of_axes(layer):
    assert layer("Slice", "slice_param { slice_dim: 3 }", top=["a", "b"])["x_2_axis"] == 3
    assert layer("Concat", 'concat_param { concat_dim: 2 } bottom: "data"')["x_axis"] == 2


def test_coefficients_of_one_are_left_out(layer):
    made = layer("Eltwise", 'eltwise_param { coeff: [1, 1] } bottom: "data"')
    assert "x_coeffs" not in made
    made = layer("Eltwise", 'eltwise_param { coeff: [1, -0.1] } bottom: "data"')
    assert made["x_coeffs"] == (1, -0.1)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("Eltwise", "", "bottom must be given two times or more"),
        ("Eltwise", 'bottom: "data" eltwise_param { coeff: 1 }', "coeff must be one number for e"),
        (
            "Eltwise",
            'bottom: "data" eltwise_param { coeff: [1, 1] operation: PROD }',
            "coeff must be one number for each of 2 inputs of a SUM",
        ),
        ("Slice", "slice_param { slice_point: 2 }", "slice_point must be 0 increasing numbers"),
        ("Flatten", "flatten_param { axis: 0 }", "axis must not be 0"),
        ("Flatten", "flatten_param { axis: 2 end_axis: 1 }", "end_axis must not lie before axis 2"),
        ("Permute", "permute_param { order: [1, 0] }", "order must start with 0 and hold 4 axes"),
        ("Permute", "permute_param { order: [0, 5] }", "order must start with 0 and hold 4 axes"),
        ("Reshape", "reshape_param { shape { dim: [1, -1] } }", "dim must keep the 2 rows apart"),
        (
            "Reshape",
            "reshape_param { shape { dim: [-1, -1] } }",
            "dim must be positive, 0 or at most once -1",
        ),
        ("Reshape", "reshape_param { shape { dim: [0, 5] } }", "dim must hold the 336 values"),
        ("Reshape", "reshape_param { shape { dim: 0 } axis: 4 }", "dim must not be 0 where"),
        ("Reshape", "reshape_param { axis: 9 }", "axis and num_axes must be axes of a blob"),
        ("Concat", "concat_param { axis: 0 }", "axis must not be 0"),
        ("Crop", 'bottom: "data" crop_param { offset: 1 }', "offset must leave 7 of 7 values"),
        ("Crop", 'bottom: "data" crop_param { offset: [0, 0, 0] }', "offset must be one number"),
    ],
)
def test_invalid_fields(layer, kind, text, message):
    with pytest.raises(ValueError, match=rf"layer 'x' \({kind}\): {message}"):
        layer(kind, text)


def test_slices_that_do_not_divide(layer):
    with pytest.raises(ValueError, match="slice_point must be given if 7 values are not divisible"):
        layer("Slice", "slice_param { axis: 2 }", top=["a", "b"])
