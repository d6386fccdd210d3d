# SPDX-License-Identifier: GPL-2.0
# "Which one should I use?": half a page, out of this run's figures and what the mechanisms say of themselves.
# Copyright (C) 2026 the bulk_xfer authors
"""For each need the cheapest way that lost nothing silently, and the next best of other families."""

from chapters import SMALL, best_of_families
from document import Heading, Table, Text
from figures import ABSENT, DIRECTIONS, number, size_name

NEXT_BEST = 3


def is_silent(row):
    """Did it lose records without telling?"""
    return bool(row.stall_lost) and not row.stall_noticed


def cost_text(figures, row):
    """A row with its cost."""
    return f"`{row.mechanism}` ({number(figures.cost(row))})"


def use_text(figures, row):
    """When to choose it, by its own words, with what to mind."""
    about = figures.about.get(row.mechanism, {})
    return "; ".join(f"{word}{about[name]}" for word, name in (("", "use"), ("privilege: ", "privilege"),
                     ("ABI: ", "abi")) if name in about) or ABSENT


def choice(figures, need, rows, text):
    """A line of the table of needs, or None."""
    best = best_of_families([row for row in rows if not is_silent(row)])
    if not best:
        return None
    return [need, text(best[0]), use_text(figures, best[0]),
            ", ".join(text(row) for row in best[1:1 + NEXT_BEST]) or ABSENT]


def choices(figures):
    """Needs, and what the run says of them."""
    for direction in figures.directions:
        for size in dict.fromkeys(figures.size_near(size) for size in (SMALL, figures.sizes[-1])):
            yield choice(figures, f"{DIRECTIONS[direction]}, records of {size_name(size)}",
                         figures.select(direction, size), lambda row: cost_text(figures, row))
    woken = [row for way in figures.directions for row in figures.once(way) if row.wake_ns_median]
    yield choice(figures, "to be woken soonest (ns)", sorted(woken, key=lambda row: row.wake_ns_median),
                 lambda row: f"`{row.mechanism}` {row.direction} ({number(row.wake_ns_median)})")


def silent_text(figures):
    """Who lost records silently."""
    names = dict.fromkeys(f"`{row.mechanism}`" for way in figures.directions for row in figures.once(way)
                          if is_silent(row))
    if not names:
        return "Nothing that was stalled in this run lost records without telling."
    return f"Left out above, for they lost records without telling while their receiver stalled: {', '.join(names)}."


def chapter(figures):
    """The section."""
    rows = [line for line in choices(figures) if line]
    return [
        Heading("Which one should I use?"),
        Text("First ask how often. Up to some thousand exchanges a second the cost of none of them shows: choose by "
             "what an interface is for (`when to choose it` in the table of features), by who may use it, and by how "
             "long it must stay as it is. Settings and single values belong in files that a shell can read and write; "
             "events for many listeners in a socket; commands of one device in that device."),
        Text(f"Beyond that choose by cost. Figures are {figures.unit} a record, sender and receiver together, checksum "
             "of every byte included, each way in its best honest use (batched where it can be):"),
        Table("The cheapest for a need, and the next best of other families",
              ["need", "take", "which is for", "else"], rows, left=4),
        Text("Then look at loss: a way without backpressure drops records when its reader is late, and only some say "
             f"so. {silent_text(figures)} Memory that is read where it was written saves the copy, but both sides must "
             "agree on its layout for as long as either lives.")]
