# SPDX-License-Identifier: GPL-2.0
# What recording system calls costs and loses, by each recorder: of the results of tests/recorders.
# Copyright (C) 2026 the bulk_xfer authors
"""chapter() returns the blocks of a section; as a program it prints the tables: recorders.py RESULTS..."""

import sys

from document import Heading, Table, Text
from figures import ABSENT, fail, number, parse, read_text, size_name

LOADS = ("getppid", "files")
UNITS = {"insns": "instructions", "ns": "ns"}
FIELDS = {"cost": ("load", "calls", "plain", "recorded", "drained", "blocked"),
          "loss": ("bytes", "made", "seen", "told", "untold", "blocked"), "delay": ("ns", "polled")}


def check(row, where):
    """A row of a kind that is known, with all of its fields, or the end."""
    kind = row.get("what") if isinstance(row, dict) else None
    for name in ("recorder", "unit", "accel", *FIELDS.get(kind, ("what",))):
        if name not in row or row["unit"] not in UNITS or kind not in FIELDS:
            fail(f"{where}: no row of a recorder")
    return row


def read_recorders(paths):
    """All rows of the boots."""
    return [check(parse(line, f"{path}: line {n}"), f"{path}: line {n}") for path in paths
            for n, line in enumerate(read_text(path).splitlines(), 1) if line.startswith("{")]


def names_of(rows):
    """Recorders in the order of their rows."""
    return list(dict.fromkeys(row["recorder"] for row in rows))


def find(rows, **wanted):
    """The row with these fields, or None."""
    return next((row for row in rows if all(row.get(name) == value for name, value in wanted.items())), None)


def cost_cells(rows, name, unit):
    """What recording a call of each load adds, and what reading a record takes."""
    costs = [find(rows, recorder=name, what="cost", load=load, unit=unit) for load in LOADS]
    return [*(number(row["recorded"] if row else None) for row in costs),
            number(costs[0]["drained"] if costs[0] else None)]


def delay_cell(rows, name):
    """Time until a call is seen; by whom."""
    row = find(rows, recorder=name, what="delay")
    return ABSENT if not row else number(row["ns"]) + (" (busy)" if row["polled"] else "")


def plain_cells(rows, unit):
    """What the calls take that nobody records: the least of all runs."""
    plain = [min((row["plain"] for row in rows if (row["what"], row.get("load"), row["unit"]) == ("cost", load, unit)),
                 default=None) for load in LOADS]
    return [*map(number, plain), ABSENT]


def costs(rows):
    """A line for each recorder."""
    units = [unit for unit in UNITS if find(rows, what="cost", unit=unit)]
    head = ["recorder"]
    for unit in units:
        head += [f"{load}, {UNITS[unit]} a call" for load in LOADS] + [f"read, {UNITS[unit]} a record"]
    lines = [["not recorded", *(cell for unit in units for cell in plain_cells(rows, unit)), ABSENT]]
    for name in names_of(rows):
        lines.append([f"`{name}`", *(cell for unit in units for cell in cost_cells(rows, name, unit)),
                      delay_cell(rows, name)])
    return Table("What recording adds to a call, entry and exit together", [*head, "call to seen, ns"], lines)


def loss_line(row):
    """What became of the records."""
    told = ABSENT if row["told"] is None else str(row["told"])
    return [f"`{row['recorder']}`", size_name(row["bytes"]), str(row["made"]), str(row["seen"]), told,
            str(row["untold"]), "yes" if row["blocked"] else "no"]


def losses(rows):
    """A line for each recorder and size of its buffers."""
    found = {}
    for row in rows:
        if row["what"] == "loss":
            found.setdefault((row["recorder"], row["bytes"]), row)
    return Table("Records while nobody reads", ["recorder", "buffers", "made", "seen", "told lost", "not told of",
                                                "calls wait"], [loss_line(row) for row in found.values()], left=2)


def chapter(rows):
    """The section, or nothing where recorders were not in the run."""
    if not rows:
        return []
    accels = ", ".join(sorted({row["accel"] for row in rows}))
    return [Heading("Recording system calls"), Text(
        "A process makes calls, once on its own and once recorded, with room for all records in the buffers: the "
        "difference is the cost until they can be read. `getppid` is one call over and over, `files` reads a tree of "
        f"files. The reader has its turn when the process has ended, and checksums each record. Accelerator: {accels}."),
            costs(rows), Text(
        "Buffers have this size together, whatever their number: of a recorder with one for each processor, a process "
        "that stays on one fills only that. Calls wait: the recorded process stood still until the reader had its "
        "turn. Busy: the reader never slept, because nothing would wake it."), losses(rows)]


def aligned(table):
    """Lines of text."""
    cells = [table.head, *table.rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(table.head))]
    for row in cells:
        yield "  ".join(text.replace("`", "").ljust(width) if table.is_left(n) else text.rjust(width)
                        for n, (text, width) in enumerate(zip(row, widths))).rstrip()


def main():
    """Prints the tables of some boots."""
    rows = read_recorders(sys.argv[1:])
    if not rows:
        fail("no results of recorders")
    for table in (costs(rows), losses(rows)):
        print("\n".join([table.caption + ":", *aligned(table)]))


if __name__ == "__main__":
    main()
