"""The outcomes of nolearn's behaviors in skconv. Each test in this folder is a row of a page.

The docstring of a test is what users of nolearn do, and its decorator what skconv does:

- `same`: the code runs and gives the old result.
- `refused`: an error whose message has the texts given, the first of which is on the page.
- `differs`: the code runs with another result, which the page describes.

`docs/behaviors.py` makes the page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

Test = Callable[..., Any]


def same(test: Test) -> Test:
    """Return the test of a behavior that is as in nolearn."""
    return test


def refused(*says: str) -> Callable[[Test], Test]:
    """Return a decorator for a test whose code must fail with a message that has these texts."""

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def fails(*args: Any, **kwargs: Any) -> None:
            with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
                test(*args, **kwargs)
            error = caught.value
            message = "\n".join(
                [str(error), str(error.__cause__), *vars(error).get("__notes__", [])]
            )
            for text in says:
                assert text in message

        return fails

    return decorate


def differs(how: str) -> Callable[[Test], Test]:
    """Return a decorator for a test of a behavior that the page describes."""
    assert how
    return same
