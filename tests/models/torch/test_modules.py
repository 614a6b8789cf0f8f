import re

import numpy as np
import pytest

from skconv.models.torch.modules import (
    Module,
    find_state_dict,
    is_in_order,
    is_of_torch,
    read_modules,
)

FC = {"fc.weight": np.ones((3, 2)), "fc.bias": np.zeros(3)}


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "model."])
def test_prefixes_of_wrappers(prefix):
    given = {prefix + key: array for key, array in FC.items()} | {"n_averaged": np.ones(())}
    keys = {"weight": f"{prefix}fc.weight", "bias": f"{prefix}fc.bias"}
    assert read_modules(given) == [Module("fc", keys)]


def test_counters_are_left_out():
    given = {"bn.weight": 1, "bn.num_batches_tracked": 2}
    assert read_modules(given) == [Module("bn", {"weight": "bn.weight"})]


def test_layers_and_directions_of_recurrent_modules():
    names = ["r.weight_ih_l0", "r.bias_hh_l0", "r.weight_ih_l0_reverse", "r.weight_ih_l1"]
    assert [(module.path, list(module.keys)) for module in read_modules(dict.fromkeys(names))] == [
        ("r.l0", ["weight_ih", "bias_hh"]),
        ("r.l0_reverse", ["weight_ih"]),
        ("r.l1", ["weight_ih"]),
    ]


@pytest.mark.parametrize(
    "checkpoint",
    [
        FC,
        {"state_dict": FC, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": np.ones(2)}}}},
        {"model": FC, "model_ema": {"fc.weight": np.ones(1)}},
        {"ema": FC, "step": 7},
        {"checkpoint": {"state_dict": FC, "epoch": 3}, "args": {"lr": 0.1}},
    ],
)
def test_weights_within_checkpoints(checkpoint):
    assert find_state_dict(checkpoint) is FC


def test_weights_of_several_nets():
    message = re.escape(
        "source must hold the weights of one net, got those of several under the keys 'generator', "
        "'critic'; give one of them, as in load_params_from(torch.load(path, weights_only=True)"
    )
    with pytest.raises(ValueError, match=message):
        find_state_dict({"generator": FC, "critic": FC})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["fc.weight", "fc.bias"], True),
        (["rnn.weight_ih_l0", "rnn.bias_hh_l1_reverse"], True),
        (["attention.in_proj_weight", "attention.out_proj.weight", "cls_token"], True),
        (["fc.W", "fc.b"], False),
        (["norm.beta", "norm.gamma", "norm.mean", "norm.inv_std"], False),
        ([], False),
        ([0, 1], False),
    ],
)
def test_names_of_torch(names, expected):
    assert is_of_torch(names) == expected


def test_order_of_definition():
    names = ["b.weight", "b.bias", "a.weight", "a.bias"]
    halves = {name: np.ones(2, "f2" if name[0] == "b" else "f4") for name in sorted(names)}
    assert is_in_order(dict.fromkeys(names, np.ones(2)))
    assert not is_in_order(dict.fromkeys(sorted(names), np.ones(2)))
    assert not is_in_order(dict(sorted(halves.items(), key=lambda pair: str(pair[1].dtype))))
