# SPDX-License-Identifier: GPL-2.0
# The sections that show what was measured: cost, size, speed, wake-ups, losses, features, all figures.
# Copyright (C) 2026 the bulk_xfer authors
"""Each function returns the blocks of one section."""

import gnuplot
from document import Heading, Plot, Table, Text
from figures import ABSENT, ASIDE_BYTES, DIRECTIONS, REFERENCE, number, size_name

LINES = 8	# in a plot, besides the reference
SMALL, MEDIUM = 64, 1024
IN_PLACE, COPIED, OWN = "read where it was written", "copied on its way", "bulk_xfer otherwise"
GROUPS = (REFERENCE, IN_PLACE, COPIED, OWN)


def cost_axis(figures):
    """What a cost is."""
    return f"{figures.unit} a record, sender and receiver together"


def group_of(row):
    """Colour of its bar."""
    if row.mechanism == REFERENCE:
        return REFERENCE
    if row.is_own:
        return OWN
    return IN_PLACE if row.copies == 0 else COPIED


def bar_plot(name, title, axis, pairs):
    """A bar plot of (row, value), or None where there is nothing to show."""
    items = [(row.mechanism, value, group_of(row)) for row, value in pairs if value]
    if not items:
        return None
    return Plot(name, gnuplot.bars(title, axis, items, GROUPS), f"{title}; {axis}, logarithmic.")


def family(row):
    """What variants of a mechanism share."""
    return "bulk_xfer" if row.is_own else row.mechanism.split("-")[0]


def best_of_families(rows):
    """The first row of every family: the cheapest."""
    best = {}
    for row in rows:
        best.setdefault(family(row), row)
    return list(best.values())


def cost(figures):
    """Bars for small and medium records."""
    blocks = [Heading("Cost of a record")]
    for size in dict.fromkeys(figures.size_near(size) for size in (SMALL, MEDIUM)):
        for direction in figures.directions:
            title = f"Records of {size_name(size)}, {DIRECTIONS[direction]}"
            pairs = [(row, figures.cost(row)) for row in figures.select(direction, size)]
            blocks.append(bar_plot(f"cost-{size}-{direction}", title, cost_axis(figures), pairs))
    return blocks


def ticks(sizes):
    """Sizes with names, where there is room for one."""
    shown = []
    for size in sizes:
        name = size_name(size) if not shown or size > shown[-1][0] * 1.2 else ""
        shown.append((size, name))
    return [(size, name) for size, name in shown if name]


def points(figures, name, direction):
    """Cost of one mechanism at every size."""
    found = [(size, figures.find(name, direction, size)) for size in figures.sizes]
    return [(size, figures.cost(row)) for size, row in found if row and figures.cost(row)]


def line_plot(figures, name, title, names, direction):
    """Costs of some mechanisms, the reference always first, against record size; None where there are none."""
    names = list(dict.fromkeys([REFERENCE, *names]))
    series = {label: points(figures, label, direction) for label in names}
    series = {label: line for label, line in series.items() if line}
    if not series:
        return None
    svg = gnuplot.lines(title, f"{figures.unit} a record", ticks(figures.sizes), series)
    return Plot(name, svg, f"{title}; both scales logarithmic.")


def against_size(figures):
    """Lines: the best of every family, then all, a few at a time."""
    blocks = [Heading("Cost against record size")]
    for direction in figures.directions:
        small = figures.select(direction, figures.size_near(SMALL))
        best = [row.mechanism for row in best_of_families(small) if row.mechanism != REFERENCE]
        what = "the best of each family" + (f", the {LINES} cheapest" if len(best) > LINES else "")
        blocks.append(line_plot(figures, f"size-{direction}", f"{DIRECTIONS[direction].capitalize()}: {what}",
                                best[:LINES], direction))
    for direction in figures.directions:
        names = sorted({row.mechanism for row in figures.rows if row.direction == direction} - {REFERENCE})
        for first in range(0, len(names), LINES):
            part = names[first:first + LINES]
            title = f"{DIRECTIONS[direction].capitalize()}: {part[0]} to {part[-1]}"
            blocks.append(line_plot(figures, f"size-{direction}-{first // LINES + 1}", title, part, direction))
    return blocks


def speed(figures):
    """Bars of MB/s for the largest records."""
    size = figures.sizes[-1]
    blocks = []
    for direction in figures.directions:
        rows = [row for row in figures.rows if (row.direction, row.bytes) == (direction, size) and row.mb_s]
        rows.sort(key=lambda row: -row.mb_s)
        title = f"Records of {size_name(size)}, {DIRECTIONS[direction]}: speed"
        blocks.append(bar_plot(f"speed-{direction}", title, "MB/s by wall time", [(row, row.mb_s) for row in rows]))
    return [Heading("Speed with large records"), *blocks] if any(blocks) else []


def wakes(figures):
    """Time from sending to a sleeping receiver having the record."""
    rows = [row for way in figures.directions for row in figures.once(way) if row.wake_ns_median is not None]
    blocks = [Heading("Waking up a receiver that sleeps")]
    if not rows:
        return blocks + [Text("Not measured in this run.")]
    rows.sort(key=lambda row: row.wake_ns_median)
    return blocks + [
        Text(f"Measured with records of {ASIDE_BYTES} B alone, whatever the record size of the rows."),
        *[bar_plot(f"wake-{way}", f"From sending {ASIDE_BYTES} B to the woken receiver having them, {DIRECTIONS[way]}",
                   "ns, median", [(row, row.wake_ns_median) for row in rows if row.direction == way])
          for way in figures.directions],
        Table(f"Wake-up latency in ns, records of {ASIDE_BYTES} B", ["mechanism", "way", "median", "99th percentile"],
              [[f"`{row.mechanism}`", row.direction, number(row.wake_ns_median), number(row.wake_ns_p99)]
               for row in rows], left=2)]


def noticed(row):
    """Was the loss told of?"""
    if not row.stall_lost:
        return "nothing was lost"
    return {True: "yes", False: "NO", None: ABSENT}[row.stall_noticed]


def stalls(figures):
    """What became of records while their receiver took none."""
    rows = [row for way in figures.directions for row in figures.once(way) if row.stall_offered is not None]
    blocks = [Heading("A receiver that stalls for a second")]
    if not rows:
        return blocks + [Text("Not measured in this run.")]
    table = [[f"`{row.mechanism}`", row.direction, str(row.stall_offered), number(row.stall_refused),
              number(row.stall_lost), noticed(row)] for row in rows]
    return blocks + [
        Text(f"Records of {ASIDE_BYTES} B alone, whatever the record size of the rows, are offered all the second. "
             "Refused: the sender was told at once. Lost: accepted, and never received."),
        Table(f"Records of {ASIDE_BYTES} B, and a stalled receiver",
              ["mechanism", "way", "offered", "refused", "lost", "receiver was told"], table, left=2)]


def notes(figures):
    """What favours bulk_xfer in this run, and what does not."""
    if not any(row.is_own for row in figures.rows):
        return []
    return [Heading("What to know of bulk_xfer's rows"), Text(
        "The laboratory's channel is declared `BULK_CHANNEL_TX_IN_PLACE`: its provider stands a record that changes "
        "while it is read, and reads it where the process wrote it. Without that flag, which is not the default, every "
        "record costs a private copy more on its way from a window."), Text(
        "Kernel to user through a window, the provider makes each record in the window and lays its pattern there, a "
        "memset() of the record that counts. Ways that keep the memory their records are made in laid it once."), Text(
        "What is longer than 8176 B does not fit the default window's rings, and is a system call. For such records "
        "`bulk-inplace` has a window with larger rings, which hold at least eight."), Text(
        "`bulk-pages` and `bulk-pages-huge` are for records of a page or more, and have no rows below. Kernel to user "
        "the kernel makes records in pages that it has, and uses them again when others have taken their places in "
        "the process; user to kernel it checksums the process's pages."), Text(
        "User to kernel, `bulk-inplace` lays its pattern in the window once, as `mmap` does in its slots. Since its "
        "records do not keep their places, it makes pattern again of the head and the two numbers that a record left "
        "there a lap before: four words a record, which count.")]


def ways(figures, name):
    """Directions of a mechanism: as it says, else as it was run."""
    known = figures.about.get(name, {}).get("directions")
    return known or ", ".join(way for way in DIRECTIONS
                              if any((row.mechanism, row.direction) == (name, way) for row in figures.rows)) or ABSENT


FEATURES = ("starts", "synchronous", "loss", "backpressure", "notification", "unit", "privilege", "abi", "use")
FEATURE_HEADS = ("who starts", "synchronous", "loss", "backpressure", "notification", "largest unit", "privilege",
                 "ABI stability", "when to choose it")


def features(figures):
    """What the mechanisms say of themselves; those that say the same share a line."""
    shared = {}
    for name in dict.fromkeys([*figures.about, *(row.mechanism for row in figures.rows)]):
        about = figures.about.get(name, {})
        shared.setdefault((ways(figures, name), *(about.get(field, ABSENT) for field in FEATURES)), []).append(name)
    rows = [[", ".join(f"`{name}`" for name in names), *texts] for texts, names in shared.items()]
    return [Heading("Features"), Table("What each way is", ["mechanism", "direction", *FEATURE_HEADS], rows,
                                       left=len(FEATURES) + 2)]


def figure_row(row):
    """All of a row."""
    return [f"`{row.mechanism}`", str(row.bytes), str(row.records), str(row.batch),
            str(row.unit) if row.is_split else "whole", number(row.insns_per_record, 1), number(row.sender_insns, 1),
            number(row.receiver_insns, 1), number(row.insns_spread, 5), number(row.ns_per_record, 1),
            number(row.sender_ns, 1), number(row.receiver_ns, 1), number(row.ns_spread, 3),
            number(row.cycles_per_record, 1), number(row.mb_s, 1), number(row.syscalls_per_record, 4),
            number(row.copies), number(row.lost)]


def all_figures(figures):
    """Every row of the run."""
    head = ["mechanism", "bytes", "records", "batch", "parts", "insns", "sender's", "receiver's", "spread", "ns",
            "sender's", "receiver's", "spread", "cycles", "MB/s", "calls", "copies", "lost"]
    tables = [Table(f"All figures, {DIRECTIONS[way]}, for a record", head,
                    [figure_row(row) for row in figures.rows if row.direction == way], folded=True)
              for way in figures.directions]
    return [Heading("All figures"), Text(
        "Medians of five rounds; the spread is that of the rounds over their median. Parts: bytes of the parts in "
        "which a record was moved. MB/s by wall time. Copies: by the processor, of a record's bytes on their way. "
        f"`{ABSENT}`: not measured."), *tables]
