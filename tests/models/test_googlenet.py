import numpy as np
import pytest

from skconv import NeuralNet
from skconv.models import googlenet

# Caffe's bvlc_googlenet, whose file of 53,533,754 bytes holds 13,378,280 float32; the paper says
# that it has twelve times fewer parameters than AlexNet, and more exact counts nowhere.
PUBLISHED = {True: 13_378_280, False: 6_998_552}

PLACES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")


@pytest.mark.parametrize("aux", [False, True])
def test_parameters(size, aux):
    assert size(googlenet(aux=aux)) == PUBLISHED[aux]


def test_shapes_are_those_of_the_paper(shapes):
    modules = [f"inception{place}_concat" for place in PLACES]
    names = ["conv1", "pool1", "conv2", "pool2", *modules, "pool3", "pool4", "pool5", "output"]
    assert shapes(googlenet(), names) == [
        *((64, 112, 112), (64, 56, 56), (192, 56, 56), (192, 28, 28)),
        *((256, 28, 28), (480, 28, 28)),
        *((512, 14, 14), (512, 14, 14), (512, 14, 14), (528, 14, 14), (832, 14, 14)),
        *((832, 7, 7), (1024, 7, 7)),
        *((480, 14, 14), (832, 7, 7), (1024,), (1000,)),
    ]


def test_branches_see_what_the_module_sees(built):
    network = built(googlenet(aux=True))
    for place, before in [("3a", "pool2"), ("3b", "inception3a_concat"), ("4a", "pool3")]:
        name = f"inception{place}"
        first = [f"{name}_1x1", f"{name}_3x3_reduce", f"{name}_5x5_reduce", f"{name}_pool"]
        assert {network.node(branch).incomings for branch in first} == {(before,)}
        assert network.node(f"{name}_3x3").incomings == (f"{name}_3x3_reduce",)
        assert network.node(f"{name}_5x5").incomings == (f"{name}_5x5_reduce",)
        assert network.node(f"{name}_pool_proj").incomings == (f"{name}_pool",)
    ends = ("inception4b_1x1", "inception4b_3x3", "inception4b_5x5", "inception4b_pool_proj")
    assert network.node("inception4b_concat").incomings == ends
    assert network.node("inception4b_pool").incomings == ("inception4a_concat",)
    assert network.node("inception4e_pool").incomings == ("inception4d_concat",)
    assert network.node("pool5").incomings == ("inception5b_concat",)


def test_auxiliary_outputs(built):
    made = googlenet(aux=True, num_classes=7)
    assert made["aux_outputs"] == {"aux1_output": 0.3, "aux2_output": 0.3}
    network = built(made)
    assert list(network.outputs) == ["output"]
    for name, module in [("aux1", "4a"), ("aux2", "4d")]:
        assert network.node(f"{name}_pool").incomings == (f"inception{module}_concat",)
        assert network.node(f"{name}_pool").output_shape[2:] == (4, 4)
        assert network.node(f"{name}_output").output_shape == (None, 7)
    assert "aux_outputs" not in googlenet()


def test_without_classes_the_outputs_are_left_to_y():
    made = googlenet(num_classes=None, aux=True)
    assert not [name for name in made if "output_" in name]


def test_small_images(built, shapes):
    small = googlenet((3, 32, 32), 10, aux=True, small=True)
    names = ["conv1", "pool2", "pool3", "pool4", "aux1_pool"]
    assert shapes(small, names) == [
        *((64, 32, 32), (192, 16, 16), (480, 8, 8), (832, 4, 4), (512, 2, 2)),
    ]
    message = r"layer 'aux1_pool' \(Pool2DLayer\): pool_size must fit into input of shape"
    with pytest.raises(ValueError, match=message):
        built(googlenet((3, 32, 32), aux=True))


def test_it_learns(learns):
    made = googlenet((3, 32, 32), 4, width=1 / 8)
    assert learns(made | {"dropout_p": 0.0}, max_epochs=25) == 1


def test_it_predicts_without_auxiliary_outputs():
    X = np.random.default_rng(0).normal(size=(8, 3, 32, 32)).astype(np.float32)
    made = googlenet((3, 32, 32), 4, small=True, aux=True, width=1 / 32)
    net = NeuralNet(**made, random_state=0).initialize()
    assert net.predict_proba(X).shape == (8, 4)
