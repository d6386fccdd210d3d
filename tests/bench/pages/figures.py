# SPDX-License-Identifier: GPL-2.0
# The bench's results and what its mechanisms say of themselves, checked while they are read.
# Copyright (C) 2026 the bulk_xfer authors
"""A Row is one mechanism, one way, at one record size; Figures are all of a run."""

import json
import sys
from dataclasses import MISSING, dataclass, fields
from typing import Optional

DIRECTIONS = {"u2k": "user to kernel", "k2u": "kernel to user", "u2u": "user to user"}
REFERENCE = "bulk-vdso"
BATCHED = "bulk-vdso-batch"
ASIDE_BYTES = 64	# of the records of wake-ups and stalls, which the rows of all sizes repeat
ABSENT = "-"


@dataclass(frozen=True)
class Row:  # pylint: disable=too-many-instance-attributes
    """As in the bench's JSON, where null stands for what was not measured."""
    mechanism: str
    direction: str
    bytes: int
    records: int
    batch: int
    ns_per_record: Optional[float]
    insns_per_record: Optional[float]
    syscalls_per_record: Optional[float]
    copies: Optional[int]
    lost: Optional[int]
    accel: str
    unit: Optional[int] = None
    queued: Optional[bool] = None
    cycles_per_record: Optional[float] = None
    ns_spread: Optional[float] = None
    insns_spread: Optional[float] = None
    sender_ns: Optional[float] = None
    receiver_ns: Optional[float] = None
    sender_insns: Optional[float] = None
    receiver_insns: Optional[float] = None
    wake_ns_median: Optional[float] = None
    wake_ns_p99: Optional[float] = None
    stall_offered: Optional[int] = None
    stall_refused: Optional[int] = None
    stall_lost: Optional[int] = None
    stall_noticed: Optional[bool] = None

    def is_of(self, base):
        """Is it the mechanism, or a variant of it?"""
        return self.mechanism == base or self.mechanism.startswith(base + "-")

    @property
    def is_own(self):
        """Is it bulk_xfer's own?"""
        return self.is_of("syscall") or self.is_of("bulk")

    @property
    def is_split(self):
        """Is a record moved in parts?"""
        return self.unit is not None and self.unit < self.bytes

    @property
    def mb_s(self):
        """Speed by wall time."""
        return self.bytes / self.ns_per_record * 1000 if self.ns_per_record else None

    def cycles_of(self, side):
        """Cycles of `sender` or `receiver`: their part of the time."""
        part = getattr(self, side + "_ns")
        if None in (part, self.cycles_per_record) or not self.ns_per_record:
            return None
        return self.cycles_per_record * part / self.ns_per_record

    @property
    def stall_accepted(self):
        """Records that were accepted while the receiver took none."""
        return None if self.stall_offered is None else self.stall_offered - (self.stall_refused or 0)


def nearest(sizes, wanted):
    """The size that is the fewest times larger or smaller, or None."""
    return min(sizes, key=lambda size: max(size, wanted) / min(size, wanted), default=None)


class Figures:
    """Rows of a run, in their order, and what the mechanisms say of themselves, by name."""

    def __init__(self, rows, about):
        self.rows = rows
        self.about = about
        self.counted = any(row.insns_per_record is not None for row in rows)

    @property
    def measure(self):
        """The field by which costs are compared."""
        return "insns_per_record" if self.counted else "ns_per_record"

    @property
    def unit(self):
        """Of that."""
        return "instructions" if self.counted else "ns"

    def cost(self, row):
        """Of a record: sender and receiver together."""
        return getattr(row, self.measure)

    @property
    def directions(self):
        """Those that were run."""
        return [name for name in DIRECTIONS if any(row.direction == name for row in self.rows)]

    @property
    def sizes(self):
        """Record sizes, ascending."""
        return sorted({row.bytes for row in self.rows})

    def size_near(self, size):
        """The one to show where this one is wanted."""
        return nearest(self.sizes, size)

    def select(self, direction, size):
        """Rows with a cost, cheapest first."""
        rows = [row for row in self.rows
                if (row.direction, row.bytes) == (direction, size) and self.cost(row) is not None]
        return sorted(rows, key=self.cost)

    def once(self, direction):
        """The first row of each mechanism: what was measured at one size only."""
        return list({row.mechanism: row for row in reversed(self.rows) if row.direction == direction}.values())[::-1]

    def find(self, mechanism, direction, size):
        """That row, or None; the cheapest where it was run with several batches."""
        rows = [row for row in self.select(direction, size) if row.mechanism == mechanism]
        return rows[0] if rows else None


def number(value, digits=0):
    """A figure for a table."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def size_name(size):
    """64 B, 4 KiB, 1 MiB."""
    for factor, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


def fail(message):
    """Ends the program with one line."""
    sys.exit(f"error: {message}")


def read_text(path):
    """Contents of a file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path}: {error}")


def parse(text, where):
    """JSON, or the end."""
    def refuse(word):
        raise ValueError(f"{word} is no figure")

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        fail(f"{where}: not JSON: {error}")


def is_a(value, kind):
    """Has a value of JSON the type of a field? A bool is no number here, an int is a float, none is negative."""
    kinds = getattr(kind, "__args__", (kind,))
    if value is None or isinstance(value, (bool, str)):
        return type(value) in kinds
    return (isinstance(value, kinds) or (isinstance(value, int) and float in kinds)) and value >= 0


def make_row(item, where):
    """A Row of a JSON object, or the end."""
    if not isinstance(item, dict):
        fail(f"{where}: want an object, got {json.dumps(item)[:40]}")
    for field in fields(Row):
        if field.name not in item and field.default is MISSING:
            fail(f"{where}: no field {field.name}")
        if field.name in item and not is_a(item[field.name], field.type):
            fail(f"{where}: field {field.name} can't be {json.dumps(item[field.name])[:40]}")
    if item["direction"] not in DIRECTIONS or item["bytes"] <= 0:
        fail(f"{where}: want a direction of {', '.join(DIRECTIONS)} and bytes above 0")
    return Row(**{field.name: item[field.name] for field in fields(Row) if field.name in item})


def read_rows(path):
    """All rows of the bench's JSON."""
    items = parse(read_text(path), path)
    if not isinstance(items, list) or not items:
        fail(f"{path}: want a list of the bench's rows")
    return [make_row(item, f"{path}: row {n}") for n, item in enumerate(items, 1)]


def read_about(path):
    """Lines of the programs' --about, by mechanism."""
    about = {}
    for n, line in enumerate(read_text(path).splitlines() if path else [], 1):
        item = parse(line, f"{path}: line {n}")
        if not isinstance(item, dict) or not isinstance(item.get("mechanism"), str):
            fail(f"{path}: line {n}: no mechanism")
        about[item["mechanism"]] = item
    return about
