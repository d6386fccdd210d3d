# SPDX-License-Identifier: GPL-2.0
# "Which one should I use?": half a page, out of this run's figures and what the mechanisms say of themselves.
# Copyright (C) 2026 the bulk_xfer authors
"""For each need the cheapest way that is an answer to it, and the next best of other families."""

from chapters import SMALL, best_of_families
from document import Heading, Table, Text
from figures import ABSENT, ASIDE_BYTES, DIRECTIONS, number, size_name

NEXT_BEST = 3
PAGE = 4096
# What a way says it is for when it moves no parts of a page, and does not let them be looked at.
WHOLE_PAGES = "whole pages"
# Why a row is no answer.
SILENT = "for they lost records without telling while their receiver stalled"
ONE_CALL = "for one call in one process does the work of both sides, and nothing is moved between two"
PARTS = "where records are below a page, for by their own word they are for whole pages"


def is_silent(row):
    """Did it lose records without telling?"""
    return bool(row.stall_lost) and not row.stall_noticed


def unfit(figures, row):
    """Why a row is no answer, or None."""
    if is_silent(row):
        return SILENT
    if row.direction == "u2u" and row.queued is False:
        return ONE_CALL
    use = figures.about.get(row.mechanism, {}).get("use", "")
    return PARTS if row.bytes < PAGE and use.startswith(WHOLE_PAGES) else None


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
    best = best_of_families([row for row in rows if not unfit(figures, row)])
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
    yield choice(figures, f"to be woken soonest (ns), records of {ASIDE_BYTES} B",
                 sorted(woken, key=lambda row: row.wake_ns_median),
                 lambda row: f"`{row.mechanism}` {row.direction} ({number(row.wake_ns_median)})")


def left_out(figures, reason):
    """Mechanisms of which a row is no answer for that reason, as a sentence; empty where there is none."""
    names = dict.fromkeys(f"`{row.mechanism}`" for row in figures.rows if unfit(figures, row) == reason)
    return f"Left out above, {reason}: {', '.join(names)}." if names else ""


def not_advised(figures):
    """The table's answers are not all that was run."""
    texts = [left_out(figures, reason) for reason in (ONE_CALL, PARTS)]
    return " ".join(text for text in texts if text)


def chapter(figures):
    """The section."""
    rows = [line for line in choices(figures) if line]
    silent = left_out(figures, SILENT) or "Nothing that was stalled in this run lost records without telling."
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
        Text(not_advised(figures)) if not_advised(figures) else None,
        Text("Then look at loss: a way without backpressure drops records when its reader is late, and only some say "
             f"so. {silent} Memory that is read where it was written saves the copy, but both sides must "
             "agree on its layout for as long as either lives.")]
