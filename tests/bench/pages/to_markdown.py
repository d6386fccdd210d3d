# SPDX-License-Identifier: GPL-2.0
# Renders a document as Markdown whose plots are files beside it.
# Copyright (C) 2026 the bulk_xfer authors
"""render() returns the text."""

import re

from document import Heading, Plot, Table, Text


def escaped(text):
    """What Markdown would take for markup, but the backticks; inside of those nothing is special."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([\\*_<>\[\]])", r"\\\1", part) for part in parts)


def cell(text):
    """A cell of a table."""
    return escaped(text).replace("|", "\\|")


def line(cells):
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"


def table(block):
    """Head, alignment, rows."""
    rule = [":--" if block.is_left(n) else "--:" for n in range(len(block.head))]
    lines = [line(map(cell, block.head)), line(rule), *(line(map(cell, row)) for row in block.rows)]
    body = "\n".join(lines)
    if block.folded:
        return f"<details><summary>{escaped(block.caption)}</summary>\n\n{body}\n\n</details>"
    return f"*{escaped(block.caption)}*\n\n{body}"


def render_block(block):
    """Any block."""
    if isinstance(block, Heading):
        return "#" * block.level + " " + escaped(block.text)
    if isinstance(block, Text):
        return escaped(block.text)
    if isinstance(block, Table):
        return table(block)
    assert isinstance(block, Plot)
    return f"![{escaped(block.caption)}]({block.name}.svg)"


def render(document):
    """The whole text."""
    return "\n\n".join(render_block(block) for block in document.blocks) + "\n"
