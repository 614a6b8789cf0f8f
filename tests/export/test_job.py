import numpy as np

from skconv.export.job import Job
from skconv.export.writer import Writer
from skconv.layers import NonlinearityLayer
from skconv.nonlinearities import softmax


def test_parts_of_a_layer():
    layer = NonlinearityLayer(nonlinearity=softmax)
    job = Job(Writer(), layer, ["x"], [(None, 3, 2)], (None, 3, 2), {"W": np.ones((2, 3))})
    assert job.param("W") == "W"
    job.activate(job.flat(job.x))
    reshape, function = job.writer.nodes
    assert reshape.op_type == "Reshape"
    assert function.attribute[0].i == 1
    assert job.spread(np.ones(3), (0, 2)).shape == (1, 3, 1)
