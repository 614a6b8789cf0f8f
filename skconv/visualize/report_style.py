"""Styles of reports, besides those of the views of nets."""

from __future__ import annotations

REPORT_STYLE = """<style>
.skconv-page { margin: 0; background: #ffffff; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { .skconv-page { background: #161616; } }
.skconv.skconv-report {
  box-sizing: border-box; max-width: 62rem; overflow-x: visible; line-height: 1.45;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
.skconv-page .skconv-report { margin: 0 auto; padding: 1rem 1.2rem 3rem; font-size: 14px; }
.skconv-report h1 { font-size: 1.6em; margin: 0.4em 0 0.2em; overflow-wrap: anywhere; }
.skconv-report h2 { font-size: 1.25em; margin: 1.8em 0 0.5em; }
.skconv-report h3 { font-size: 1em; margin: 1.2em 0 0.4em; }
.skconv-report h1, .skconv-report h2, .skconv-report h3 {
  color: inherit; background: none; font-weight: 600; padding: 0;
}
.skconv-report p { margin: 0.4em 0; }
.skconv-report pre {
  white-space: pre-wrap; overflow-wrap: anywhere; color: inherit; background: transparent;
}
.skconv-report .skconv-facts { display: flex; flex-wrap: wrap; gap: 0.4rem 2rem; margin: 0.8em 0; }
.skconv-report .skconv-facts div { white-space: nowrap; }
.skconv-report .skconv-facts b { display: block; font-size: 1.35em; font-weight: 600; }
.skconv-report .skconv-charts { display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
.skconv-report figure { margin: 0; max-width: 100%; }
.skconv-report figcaption { font-weight: 600; }
.skconv-report .skconv-scroll { overflow-x: auto; max-width: 100%; }
.skconv-report details { overflow-x: auto; }
.skconv-report td.skconv-text { white-space: normal; }
.skconv-report table.skconv-confusion td, .skconv-report table.skconv-confusion th {
  text-align: center; min-width: 1.6em; padding: 0.25em 0.45em; border: none;
}
.skconv-report table.skconv-confusion th.skconv-text { text-align: right; }
.skconv-report .skconv-gallery { display: flex; flex-wrap: wrap; gap: 0.9rem; }
.skconv-report .skconv-gallery figure { text-align: center; }
.skconv-report .skconv-gallery figcaption {
  font-weight: 400; font-size: 12px; max-width: 17rem; overflow-wrap: anywhere;
}
.skconv-report .skconv-gallery img {
  height: 84px; width: auto; max-width: 100%; image-rendering: pixelated; margin: 0 1px;
  display: inline-block; padding: 0; border-radius: 0; background: none !important;
}
.skconv-report .skconv-swatch {
  display: inline-block; width: 0.8em; height: 0.8em; margin: 0 0.3em 0 0.9em; border-radius: 2px;
}
.skconv svg .skconv-point { fill: var(--skconv-train); fill-opacity: 0.5; }
.skconv svg .skconv-diagonal {
  stroke: var(--skconv-valid); stroke-width: 1.2; stroke-dasharray: 5 4;
}
</style>"""
