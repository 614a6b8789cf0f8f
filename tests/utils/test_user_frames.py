import types
import warnings

from skconv.utils.user_frames import stacklevel_of_user

LIBRARY = """
import warnings
from skconv.utils.user_frames import stacklevel_of_user

def outer(depth):
    if depth:
        return outer(depth - 1)
    warnings.warn("here", stacklevel=stacklevel_of_user())
"""


def library(name):
    module = types.ModuleType(name)
    exec(compile(LIBRARY, f"{name}.py", "exec"), vars(module))
    return module


def test_warnings_point_to_the_user_however_many_frames_lie_between():
    for depth in (0, 1, 7):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            library("skconv.some.module").outer(depth)
        assert caught[0].filename == __file__


def test_packages_of_similar_names_are_the_users():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        library("skconv_of_mine").outer(3)
    assert caught[0].filename == "skconv_of_mine.py"


def test_the_caller_itself_may_be_the_users():
    assert stacklevel_of_user() == 1
