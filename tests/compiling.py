"""The number of programs that a call compiles."""

from skconv import compile_counts


def compiled(function, *args, **kwargs):
    """Return what a function returns, and the number of programs that it compiled."""
    before = sum(compile_counts().values())
    result = function(*args, **kwargs)
    return result, sum(compile_counts().values()) - before
