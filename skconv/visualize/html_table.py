"""Tables and sections of HTML pages, with escaped text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any


class Markup(str):
    """Text that is HTML already, and stays as it is."""

    __slots__ = ()


def escape(value: Any) -> str:
    """Return a value as HTML: `Markup` as it is, anything else as escaped text.

    Examples
    --------
    >>> escape('a < b'), escape(Markup('<b>')), escape(2)
    ('a &lt; b', '<b>', '2')
    """
    return value if isinstance(value, Markup) else html.escape(str(value))


def cell(content: Any, kind: str = "td", *, text: bool = False, style: str = "") -> str:
    """Return a cell of a table.

    Parameters
    ----------
    content : object
        Escaped unless it is `Markup`.
    kind : {'td', 'th'}
    text : bool
        Whether it is aligned left, like text, rather than right, like numbers.
    style : str
        Further CSS classes.

    Examples
    --------
    >>> cell('a < b', text=True)
    '<td class="skconv-text">a &lt; b</td>'
    """
    classes = " ".join(filter(None, ["skconv-text" * text, style]))
    attribute = f' class="{classes}"' if classes else ""
    return f"<{kind}{attribute}>{escape(content)}</{kind}>"


def table(headers: Sequence[Any], rows: Iterable[Sequence[Any]], text: Iterable[int] = (0,)) -> str:
    """Return a table that scrolls sideways where the page is narrow.

    Parameters
    ----------
    headers : sequence of object
    rows : iterable of sequence of object
        Cells, escaped unless they are `Markup`.
    text : iterable of int
        Columns that are aligned left.

    Examples
    --------
    >>> table(['name'], [['x']]).count('<tr>')
    2
    """
    left = set(text)
    head = "".join(cell(name, "th", text=i in left) for i, name in enumerate(headers))
    body = "".join(
        f"<tr>{''.join(cell(value, text=i in left) for i, value in enumerate(row))}</tr>"
        for row in rows
    )
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def scrolling(content: str) -> str:
    """Return content that scrolls sideways by itself."""
    return f'<div class="skconv-scroll">{content}</div>'


def section(title: str, *parts: str) -> str:
    """Return a section with an escaped title, or an empty string if all parts are empty.

    Examples
    --------
    >>> section('Time', '<p>1 s</p>'), section('Time', '')
    ('<section><h2>Time</h2><p>1 s</p></section>', '')
    """
    content = "".join(parts)
    return f"<section><h2>{html.escape(title)}</h2>{content}</section>" if content else ""


def number(value: float) -> str:
    """Return a number with four significant digits, and thousands separated.

    Examples
    --------
    >>> number(1234567), number(0.123456), number(12345.6)
    ('1,234,567', '0.1235', '12,346')
    """
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
