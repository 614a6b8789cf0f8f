"""Diagram of the graph of a network."""

from __future__ import annotations

import html
import importlib.util
import itertools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.utils.validation import check_is_fitted

from ..network.summary import summary_lines
from ..network.views import FittedLayer
from ..utils.checks import function_name
from ..utils.fields import UNSET
from ..utils.files import atomic_write, check_writable
from .graph_layout import place
from .wrapped_net import unwrap

FILL = {
    "input": "#e2e6ea",
    "conv": "#cfe3f7",
    "transposed": "#cfe3f7",
    "local": "#cfe3f7",
    "dense": "#f9e0c4",
    "embedding": "#f9e0c4",
    "pool": "#d3ecd2",
    "whole": "#d3ecd2",
    "upscale": "#d3ecd2",
    "noise": "#f6d5d8",
    "normalization": "#e6dcf3",
    "standardization": "#e6dcf3",
    "recurrent": "#fbf0b8",
    "attention": "#fbf0b8",
    "merge": "#d0eeea",
}
"""Fill colors of layers, by the module that defines them."""

OTHER = "#f1f1f1"
"""Fill color of all other layers."""

SHOWN = ("num_filters", "num_units", "filter_size", "pool_size", "stride", "p", "nonlinearity")
"""Fields of layers that diagrams show if they are verbose."""

INK, ARROW = "#1c2733", "#7d8894"
"""Colors of text and arrows; the arrows are visible on light and dark pages."""

FONT, CHARACTER, LINE, MARGIN = 12, 6.9, 16, 8
"""Font size, width of a character, height of a line, and margin, in pixels."""


class Node(NamedTuple):
    """A layer as a box.

    Parameters
    ----------
    name : str
    words : tuple of str
        Lines of text in the box.
    fill : str
        Color of the box.
    """

    name: str
    words: tuple[str, ...]
    fill: str


@dataclass(frozen=True)
class Graph:
    """Graph of a network, which notebooks display as a diagram.

    Parameters
    ----------
    nodes : tuple of Node
    edges : tuple of (str, str)
        Names of the layers at the start and end of each arrow.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    def source(self) -> str:
        """Return the graph in the DOT language of Graphviz."""
        boxes = []
        for node in self.nodes:
            label = r"\n".join(node.words).replace('"', r"\"")
            boxes.append(f'  "{node.name}" [label="{label}", fillcolor="{node.fill}"];')
        arrows = [f'  "{start}" -> "{end}";' for start, end in self.edges]
        style = (
            '  bgcolor="transparent";\n'
            '  node [shape=box, style="rounded,filled", color="none", fontname="Helvetica", '
            f'fontsize={FONT}, fontcolor="{INK}"];\n'
            f'  edge [color="{ARROW}"];'
        )
        return "\n".join(["digraph network {", style, *boxes, *arrows, "}"]) + "\n"

    def render(self, kind: str = "svg") -> bytes:
        """Render the diagram with Graphviz, or without it as SVG only.

        Parameters
        ----------
        kind : str
            ``'svg'``, or with Graphviz any of its output formats, such as ``'png'`` or ``'pdf'``.
        """
        if has_graphviz():
            import graphviz

            return graphviz.Source(self.source()).pipe(format=kind)
        if kind != "svg":
            raise ImportError(
                f"rendering a graph as {kind!r} needs graphviz, which is not installed: "
                "pip install 'skconv[graph]', and install the program dot from graphviz.org; "
                "'.svg' and '.dot' work without it"
            )
        return self.svg().encode()

    def svg(self) -> str:
        """Return the diagram as SVG, without Graphviz."""
        sizes = {
            node.name: (
                max(1.1 * len(node.name), *map(len, node.words[1:])) * CHARACTER + 2 * MARGIN,
                len(node.words) * LINE + 2 * MARGIN,
            )
            for node in self.nodes
        }
        layout = place(sizes, self.edges)
        width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
        parts = [_arrow(path) for path in layout.paths.values()]
        parts += [_box(node, *layout.corners[node.name], *sizes[node.name]) for node in self.nodes]
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
                f'height="{height:.0f}" viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" '
                f'font-family="Helvetica, Arial, sans-serif" font-size="{FONT}">',
                f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
                f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{ARROW}"/>'
                "</marker></defs>",
                *parts,
                "</svg>\n",
            ]
        )

    def _repr_svg_(self) -> str:
        return self.render().decode()


def has_graphviz() -> bool:
    """Return whether the Python package and the program ``dot`` are installed."""
    return importlib.util.find_spec("graphviz") is not None and shutil.which("dot") is not None


def make_graph(layers: Any, output_shape: bool = True, verbose: bool = False) -> Graph:
    """Build the graph of a network, with names, types, output shapes and parameter counts.

    Parameters
    ----------
    layers : NeuralNet, Pipeline or search that has one, or its ``layers_`` or some of them
        Of a net that is fitted or initialized.
    output_shape : bool
        Whether to show the shape of the output of each layer.
    verbose : bool
        Whether to show the fields of the layers, such as filter sizes and nonlinearities.

    Returns
    -------
    Graph
        With methods `source`, for Graphviz, and `svg`.

    Raises
    ------
    NotFittedError
        If the net is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=1).fit(*load_iris(return_X_y=True))
    >>> graph = make_graph(net)
    >>> graph.nodes[-1].words
    ('output', 'DenseLayer', '3', '303 parameters')
    >>> graph.svg()[:4]
    '<svg'
    """
    layers = unwrap(layers)
    chosen = _layers(layers)
    names = [layer.name for layer in chosen]
    table = {line.name: line for line in summary_lines(chosen[0].model.network)}
    nodes = []
    for layer in chosen:
        line = table[layer.name]
        family = type(layer.layer).__module__.rpartition(".")[2]
        words = [line.name, line.kind]
        if output_shape:
            words.append(line.size.replace("x", " × "))
        if line.learnable:
            words.append(f"{line.learnable:,} parameters")
        if verbose:
            words += _fields(layer)
        nodes.append(Node(line.name, tuple(words), FILL.get(family, OTHER)))
    edges = [(start, layer.name) for layer in chosen for start in layer.incomings if start in names]
    return Graph(tuple(nodes), tuple(edges))


def draw_to_file(
    layers: Any,
    filename: str | os.PathLike[str],
    output_shape: bool = True,
    verbose: bool = False,
) -> None:
    """Draw the graph of a network in a file.

    Parameters
    ----------
    layers : NeuralNet, Pipeline or search that has one, or its ``layers_`` or some of them
    filename : str or path
        Its extension determines the format: ``.svg``, ``.dot`` or ``.gv`` for the source, or with
        Graphviz any of its output formats, such as ``.png`` and ``.pdf``.
    output_shape, verbose : bool
        What to show, as in `make_graph`.

    Raises
    ------
    ImportError
        If the format needs Graphviz, and that is not installed.
    ValueError
        If `filename` has no extension.
    OSError
        With the path, if the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=1).fit(*load_iris(return_X_y=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_to_file(net, f'{folder}/net.dot')
    ...     pathlib.Path(f'{folder}/net.dot').read_text()[:7]
    'digraph'
    """
    path = Path(filename)
    kind = path.suffix.lower().removeprefix(".")
    if not kind:
        raise ValueError(
            f"filename must end in '.svg', '.dot', '.png' or the like, got {str(filename)!r}"
        )
    check_writable(path)
    graph = make_graph(layers, output_shape, verbose)
    drawn = graph.source().encode() if kind in ("dot", "gv") else graph.render(kind)
    with atomic_write(path) as temporary:
        temporary.write_bytes(drawn)


def draw_to_notebook(layers: Any, output_shape: bool = True, verbose: bool = False) -> Graph:
    """Return the graph of a network, for a notebook to display at the end of a cell.

    Parameters
    ----------
    layers : NeuralNet, Pipeline or search that has one, or its ``layers_`` or some of them
    output_shape, verbose : bool
        What to show, as in `make_graph`.

    Returns
    -------
    Graph

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=1).fit(*load_iris(return_X_y=True))
    >>> len(draw_to_notebook(net).nodes)
    5
    """
    return make_graph(layers, output_shape, verbose)


def _fields(layer: FittedLayer) -> list[str]:
    """Return lines with the fields of a layer that nolearn's diagrams show, too."""
    given = {name: getattr(layer.layer, name, None) for name in SHOWN}
    return [
        f"{name}: {function_name(value) if callable(value) else value}"
        for name, value in given.items()
        if value is not None and value is not UNSET
    ]


def _layers(given: Any) -> list[FittedLayer]:
    if hasattr(given, "get_all_layers"):
        check_is_fitted(given)
        return given.get_all_layers()
    chosen = list(given.values() if hasattr(given, "values") else given)
    if not chosen or not all(isinstance(layer, FittedLayer) for layer in chosen):
        raise ValueError(f"layers must be a fitted net, its layers_ or some of them, got {given!r}")
    return chosen


def _box(node: Node, x: float, y: float, width: float, height: float) -> str:
    middle = x + width / 2
    words = "".join(
        f'<tspan x="{middle:.1f}" y="{y + MARGIN + LINE * (i + 0.75):.1f}" '
        f'font-weight="{"normal" if i else "bold"}">{html.escape(word)}</tspan>'
        for i, word in enumerate(node.words)
    )
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" '
        f'fill="{node.fill}"/><text text-anchor="middle" fill="{INK}">{words}</text>'
    )


def _arrow(path: list[tuple[float, float]]) -> str:
    """Return a path that bends between rows and passes straight through them."""
    parts = ["M{:.1f} {:.1f}".format(*path[0])]
    for i, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(path)):
        half = (y0 + y1) / 2
        bend = f"C{x0:.1f} {half:.1f} {x1:.1f} {half:.1f} {x1:.1f} {y1:.1f}"
        parts.append(f"L{x1:.1f} {y1:.1f}" if i % 2 else bend)
    return f'<path d="{"".join(parts)}" fill="none" stroke="{ARROW}" marker-end="url(#tip)"/>'
