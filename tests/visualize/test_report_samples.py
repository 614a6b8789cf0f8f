import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skconv.visualize.report_samples import ReportSamples

from ..nets import TARGETS, X, y


def test_pipelines_keep_the_samples_that_they_are_given(table_net):
    pipeline = make_pipeline(FunctionTransformer(np.negative), table_net)
    samples = ReportSamples.read(pipeline, table_net, -X, y)
    np.testing.assert_array_equal(samples.given, -X)
    np.testing.assert_array_equal(samples.X, X)
    np.testing.assert_array_equal(samples.predicted[0], table_net.predict(X))
    np.testing.assert_array_equal(samples.probabilities[0], table_net.predict_proba(X))
    assert len(samples) == len(X)
    assert samples.score(0) == table_net.score(X, y)
    assert samples.seconds > 0


def test_targets_are_split_by_output(heads):
    samples = ReportSamples.read(heads, heads, X, TARGETS)
    assert samples.names == ["kind", "sign", "size"]
    assert [part is None for part in samples.probabilities] == [False, False, True]
    for name, part in zip(samples.names, samples.true, strict=True):
        np.testing.assert_array_equal(part, TARGETS[name])
