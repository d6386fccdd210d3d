# SPDX-License-Identifier: GPL-2.0
# Renders a document as one HTML page that needs nothing else: plots and style are inside.
# Copyright (C) 2026 the bulk_xfer authors
"""render() returns the text."""

import re
from html import escape

from document import Heading, Plot, Table, Text

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1, h2, h3 { line-height: 1.2 }
h2 { margin-top: 3rem; border-bottom: 1px solid #ccc }
code { font-size: 0.95em; background: #f2f2f2; padding: 0 0.2em }
nav ul { columns: 2; padding-left: 1.2rem }
.wide { overflow-x: auto; margin: 1rem 0 }
table { border-collapse: collapse; font-size: 0.85rem }
caption { text-align: left; font-weight: bold; padding: 0.3rem 0 }
th, td { border: 1px solid #ddd; padding: 0.2rem 0.5rem; text-align: right; vertical-align: top }
th { background: #f6f6f6 }
.word { text-align: left }
figure { margin: 1.5rem 0 }
figure svg { width: 100%; height: auto }
figcaption { font-size: 0.85rem; color: #555 }
summary { cursor: pointer; font-weight: bold }
"""


def rich(text):
    """Escaped, with backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def anchor(text):
    """Name of a heading to link to."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def cells(block, row, tag):
    """A line of a table."""
    return "<tr>" + "".join(f"<{tag}{' class=word' if block.is_left(n) else ''}>{rich(text)}</{tag}>"
                            for n, text in enumerate(row)) + "</tr>"


def table(block):
    """A table, in a box of its own that scrolls."""
    head, body = cells(block, block.head, "th"), "\n".join(cells(block, row, "td") for row in block.rows)
    caption = "" if block.folded else f"<caption>{rich(block.caption)}</caption>"
    text = f"<div class=wide><table>{caption}\n<thead>{head}</thead>\n<tbody>{body}</tbody>\n</table></div>"
    return f"<details><summary>{rich(block.caption)}</summary>{text}</details>" if block.folded else text


def inline_svg(plot):
    """The SVG as an element of the page: no prolog, names that no other plot has."""
    svg = plot.svg[plot.svg.index("<svg"):]
    svg = re.sub(r"\s+xmlns(:xlink)?=\"[^\"]*\"", "", svg)
    svg = re.sub(r"\b(id=['\"])", rf"\1{plot.name}.", svg)
    svg = re.sub(r"(href=['\"]#|url\(#)", rf"\1{plot.name}.", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(plot.caption)}"', 1)


def render_block(block):
    """Any block."""
    if isinstance(block, Heading):
        return f'<h{block.level} id="{anchor(block.text)}">{rich(block.text)}</h{block.level}>'
    if isinstance(block, Text):
        return f"<p>{rich(block.text)}</p>"
    if isinstance(block, Table):
        return table(block)
    assert isinstance(block, Plot)
    return f"<figure>{inline_svg(block)}<figcaption>{rich(block.caption)}</figcaption></figure>"


def contents(document):
    """Links to the sections."""
    items = [f'<li><a href="#{anchor(block.text)}">{rich(block.text)}</a></li>' for block in document.blocks
             if isinstance(block, Heading) and block.level == 2]
    return "<nav><ul>\n" + "\n".join(items) + "\n</ul></nav>"


def render(document):
    """The whole page; the title is the first block."""
    title, *rest = document.blocks
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(document.title)}</title>", f"<style>{STYLE}</style></head>", "<body>",
        render_block(title), contents(document), *map(render_block, rest), "</body>", "</html>"]) + "\n"
