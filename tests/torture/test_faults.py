import pytest

from .faults import check, read_faults, rooms


@pytest.mark.parametrize("room", rooms())
def test_faults_can_be_planted(room):
    """``python -m tests.torture faults`` plants them, which takes long."""
    faults = read_faults(room)
    assert faults
    check(faults)
