import pytest

from benchmarks import accelerator, case, handwritten_resnet
from benchmarks.cases import resnet


@pytest.mark.parametrize("name", ["skconv", "JAX by hand"])
def test_a_round_runs_small_on_the_cpu(name, monkeypatch):
    monkeypatch.setattr(resnet, "RESNET_CPU", (32, 0.03))
    for module in (resnet, handwritten_resnet):
        monkeypatch.setattr(module, "RESNET_EPOCHS", 2)
    (contender,) = (one for one in resnet.RESNETS[0].contenders if one.name == name)
    sample = contender.make(case.Setting("cpu", ""))(0)
    assert len(sample.values) == 1
    assert sample.first > sample.values[0] > 0
    assert 0 < sample.scores["training loss"] < 5


def test_all_cases_compare_with_jax_by_hand():
    for one in resnet.RESNETS:
        bars = {peer.name: peer.bar for peer in one.contenders}
        assert bars["JAX by hand"] == 1.05


def test_both_programs_do_the_same_on_a_gpu(capsys):
    """In a narrow network, of which operations on weights are a larger part."""
    accelerator.main(["--cost"], batches=[64], dtypes=["float32"], width=0.125)
    *_, operations, _, reduced = (line.split() for line in capsys.readouterr().out.splitlines())
    assert (operations[2], reduced[2]) == ("operations", "reduced")
    assert float(operations[-1]) == pytest.approx(1, abs=0.02)
    assert float(reduced[-1]) < 1.1
