import os
import subprocess
import sys

import jax
import pytest

from skconv import set_compilation_cache

PROGRAM = """
import sys
from collections import Counter
import jax
import numpy as np
import skconv

counts = Counter()
jax.monitoring.register_event_listener(lambda event, **kwargs: counts.update([event]))
if len(sys.argv) > 1:
    skconv.set_compilation_cache(sys.argv[1])
rng = np.random.default_rng(0)
net = skconv.NeuralNet(max_epochs=1).fit(rng.normal(size=(20, 3)), np.arange(20) % 2)
print(*(counts[f'/jax/compilation_cache/cache_{kind}'] for kind in ('hits', 'misses')))
"""


def hits_and_misses(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(map(int, done.stdout.split()))


def test_a_second_process_compiles_nothing(tmp_path):
    folder = tmp_path / "new" / "folder"
    hits, misses = hits_and_misses(folder)
    assert (hits, misses > 0) == (0, True)
    assert hits_and_misses(folder) == (misses, 0)


def test_off_by_default():
    assert hits_and_misses(JAX_COMPILATION_CACHE_DIR="") == (0, 0)


@pytest.fixture
def restored():
    yield
    set_compilation_cache(None)


def test_can_be_switched_off_again(tmp_path, restored):
    set_compilation_cache(tmp_path)
    assert jax.config.jax_compilation_cache_dir == str(tmp_path.resolve())
    set_compilation_cache(None)
    assert jax.config.jax_compilation_cache_dir is None
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 1.0
