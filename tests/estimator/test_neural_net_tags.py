import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import get_tags

from skconv import NeuralNet


@pytest.mark.parametrize(
    ("regression", "outputs", "regressor"),
    [
        (False, None, False),
        (True, None, True),
        (False, ["digit", "age"], False),
        ({"age": True}, ["digit", "age"], False),
        ([True, True], ["size", "age"], True),
        ({"age": True, "size": True}, ["size", "age"], True),
    ],
)
def test_a_net_is_a_regressor_where_all_its_outputs_are_numbers(regression, outputs, regressor):
    net = NeuralNet(regression=regression, outputs=outputs)
    assert is_regressor(net) is regressor
    assert is_classifier(net) is not regressor
    assert hasattr(net, "predict_proba") is not regressor


def test_what_scikit_learn_may_know():
    tags = get_tags(NeuralNet())
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_label
