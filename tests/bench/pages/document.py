# SPDX-License-Identifier: GPL-2.0
# What a report consists of; to_html.py and to_markdown.py render it.
# Copyright (C) 2026 the bulk_xfer authors
"""Texts may hold `words between backticks`, nothing else is markup."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """Starts a section; level 1 is the title of the whole."""
    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""
    text: str


@dataclass(frozen=True)
class Table:
    """Cells are texts. The first left columns hold words, the others figures;
    a folded table is opened by the reader."""
    caption: str
    head: list
    rows: list
    left: int = 1
    folded: bool = False

    def is_left(self, column):
        """Is it a column of words?"""
        return column < self.left


@dataclass(frozen=True)
class Plot:
    """A picture: its SVG, the file name (without suffix) and what it shows."""
    name: str
    svg: str
    caption: str


@dataclass
class Document:
    """Headings, texts, tables and plots in their order."""
    blocks: list = field(default_factory=list)

    def add(self, *blocks):
        """Appends; None stands for what there is not."""
        self.blocks += [block for block in blocks if block is not None]

    @property
    def title(self):
        """Text of the first heading."""
        return next(block.text for block in self.blocks if isinstance(block, Heading))

    @property
    def plots(self):
        """All pictures."""
        return [block for block in self.blocks if isinstance(block, Plot)]
