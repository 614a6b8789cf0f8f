from .fuzz import fuzz


def test_damaged_files_are_refused_by_name_and_change_nothing():
    """``python -m tests.torture fuzz`` loads many more."""
    figures = fuzz(400, seed=1)
    assert figures.files == 400
    assert (figures.other_errors, figures.changed) == (0, 0), figures.examples
    assert figures.loaded > 5
    assert figures.longest_message < 4000
    assert figures.peak_mb < 200
