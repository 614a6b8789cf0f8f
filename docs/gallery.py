"""Sphinx extension that shows the scripts in `examples/` as pages, and as cards with pictures.

The scripts are not run here. Most pictures in `_static/gallery` are parts of those they write.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from scripts import EXAMPLES, cells_of, title_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
PAGES = HERE / "gallery"
"""Folder of the pages, which are written at each build."""

PICTURES = "_static/gallery"

PAGE = """\
{title}

{picture}{comment}

{{download}}`Download the script <../../examples/{name}.py>`.

{code}
"""
INDEX = """\
# Examples

Scripts that run as they are, and open as notebooks.

:::{{gallery}}
:::

```{{toctree}}
:hidden:
{names}
```
"""


def example_of(page: Path) -> Path | None:
    """Return the script that a page shows, if it does."""
    return EXAMPLES.get(page.stem) if page.parent == PAGES else None


def write_pages(app: Sphinx) -> None:
    """Write a page for each script, and one with the cards of all."""
    PAGES.mkdir(exist_ok=True)
    pages = {"index": INDEX.format(names="\n".join(EXAMPLES))}
    for name, path in EXAMPLES.items():
        comment, *code = cells_of(path)
        title, _, comment = comment.partition("\n")
        pages[name] = PAGE.format(
            title=title,
            name=name,
            picture=f"![{title_of(path)}](/{PICTURES}/{name}.png)\n" * has_picture(name),
            comment=comment,
            code="\n\n".join(f"```{{code-block}} python\n{cell.strip()}\n```" for cell in code),
        )
    for name, text in pages.items():
        page = PAGES / f"{name}.md"
        if not page.exists() or page.read_text() != text:  # unchanged pages are not read again
            page.write_text(text)


def has_picture(name: str) -> bool:
    """Return whether there is a picture of a script."""
    return (HERE / PICTURES / f"{name}.png").exists()


class Gallery(SphinxDirective):
    """Cards of all scripts, with pictures and titles that link to their pages."""

    def run(self) -> list[nodes.Node]:
        """Return the cards as a grid of sphinx-design."""
        lines = ["::::{grid} 2 2 3 4", ":gutter: 2", ":class-container: gallery"]
        for name, path in EXAMPLES.items():
            lines += [f":::{{grid-item-card}} {title_of(path)}"]
            lines += [f":img-top: /{PICTURES}/{name}.png"] * has_picture(name)
            lines += [f":link: /gallery/{name}", ":link-type: doc", ":::"]
        lines.append("::::")
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source="gallery"), self.content_offset, node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive, and write the pages before Sphinx looks for them."""
    app.add_directive("gallery", Gallery)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
