import numpy as np
import pytest

from skconv.models.caffe.layout import read_layout
from skconv.models.caffe.text import read_text
from skconv.models.caffe.transform import image_size, image_transform, preprocessing_of
from skconv.preprocessing import CaffePreprocessing


@pytest.fixture
def data(file):
    def data(text, kind="Data"):
        path = file(f'layer {{ name: "data" type: "{kind}" top: "data" {text} }}')
        return read_layout(read_text(path, "Net")).layers[0]

    return data


MEANS = "mean_value: 104 mean_value: 117 mean_value: 123"


@pytest.mark.parametrize(
    ("text", "params"),
    [
        (
            f"transform_param {{ mirror: true crop_size: 227 {MEANS} }}",
            {"mean_value": (104, 117, 123), "crop_size": 227},
        ),
        ("transform_param { mean_value: 127.5 }", {"mean_value": 127.5}),
        ("transform_param { scale: 0.00390625 }", {"scale": 1 / 256}),
        ("data_param { scale: 0.1 crop_size: 5 }", {"scale": 0.1, "crop_size": 5}),
        (
            "transform_param { scale: 0.5 } data_param { scale: 0.1 crop_size: 5 }",
            {"scale": 0.5, "crop_size": 5},
        ),
    ],
)
def test_preprocessing(data, text, params):
    found = preprocessing_of(data(text)).get_params()
    assert found == CaffePreprocessing(**params).get_params()


def test_nothing_to_do(data):
    assert preprocessing_of(data("transform_param { mirror: true }")) is None
    assert preprocessing_of(data("", "HDF5Data")) is None


def test_crops_of_another_input(data):
    layer = data("transform_param { crop_size: 227 scale: 2 }")
    assert preprocessing_of(layer, (3, 64, 64)).crop_size == 64
    assert preprocessing_of(layer, (3, 64, 32)).crop_size is None
    layer = data("transform_param { scale: 2 }")
    assert preprocessing_of(layer, (3, 64, 64)).crop_size is None


def test_sizes_of_images(data):
    assert image_size(data("transform_param { crop_size: 5 force_gray: true }")) == (1, 5, 5)
    assert image_size(data("window_data_param { crop_size: 5 }", "WindowData")) == (3, 5, 5)
    assert image_size(data("")) is None
    assert image_transform(data('transform_param { mean_file: "x" }')).mean_file == "x"


def test_the_net_comes_with_it(read):
    text = f"""
    layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: TRAIN }}
            transform_param {{ crop_size: 4 mirror: true }} }}
    layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: TEST }}
            transform_param {{ crop_size: 5 {MEANS} }} }}
    layer {{ name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
            inner_product_param {{ num_output: 2 }} }}"""
    pretrained = read(text)
    images = pretrained.preprocessing.transform(np.zeros((2, 3, 9, 9), np.uint8))
    assert (2, *pretrained.network["data_shape"][1:]) == images.shape
    assert images[0, :, 0, 0].tolist() == [-104, -117, -123]
    with pytest.warns(UserWarning, match=r"mean_file of layer 'data' \(Data\) is not read"):
        read(text.replace(MEANS, 'mean_file: "mean.binaryproto"'))
