import pytest

from skconv.models.caffe.schema import ENUMS, MESSAGES, PARAMETERS, new_message


@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_has_its_fields(name):
    fields = new_message(name).DESCRIPTOR.fields_by_name
    assert list(fields) == [text.partition(":")[0] for text in MESSAGES[name].split()]


def test_layers_of_both_formats_have_all_parameters():
    for kind in ("Layer", "V1Layer"):
        fields = new_message(kind).DESCRIPTOR.fields_by_name
        assert {f"{name}_param" for name in PARAMETERS} <= set(fields)


def test_defaults():
    assert new_message("convolution").bias_term is True
    assert new_message("flatten").end_axis == -1
    assert new_message("batch_norm").eps == pytest.approx(1e-5)
    assert new_message("Solver").lr_policy == "fixed"
    assert new_message("State").phase == 1


def test_there_are_the_forty_types_of_v1():
    assert len(set(ENUMS["V1Type"].split())) == 40


def test_protobuf_is_an_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name, name="google.protobuf")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"needs protobuf, .*: pip install 'skconv\[caffe\]'"):
        new_message("Net")
