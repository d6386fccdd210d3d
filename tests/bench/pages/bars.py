# SPDX-License-Identifier: GPL-2.0
# The bars that the window's row must reach, in counted instructions per record.
# Copyright (C) 2026 the bulk_xfer authors
"""A bar allows the window a share of another row's cost, and holds its own way
of the two that costs less: a record a call, or a batch, as others have it.
Sender and receiver count together. A row between two processes is compared
with both directions of the window, which has none of that kind."""

from dataclasses import dataclass

from document import Heading, Table, Text
from figures import BATCHED, DIRECTIONS, REFERENCE, Row, number

SIZES = (64, 1024)
FAR_AHEAD = ("chardev", "ioctl", "netlink", "fifo", "mqueue")
FAR_AHEAD_SIZE = 64
FAR, AHEAD, NEAR = 1 / 4, 1.0, 1.5
BARE = "mmap"	# moves records with nothing but making and checksumming them
UNFOLDED = 24	# lines of a table that need no folding
WORDS = {FAR: "4 times ahead", AHEAD: "ahead", NEAR: "within 1.5 times"}


@dataclass(frozen=True)
class Bar:
    """The window's row, the other's, and the share of its cost that is allowed."""
    ours: Row
    other: Row
    share: float

    @property
    def allowed(self):
        """Instructions that the window may take."""
        return self.other.insns_per_record * self.share

    @property
    def spare(self):
        """What is left of them; negative where the bar is missed."""
        return self.allowed - self.ours.insns_per_record

    @property
    def met(self):
        """Ahead is more than level."""
        return self.spare > 0 or (self.spare == 0 and self.share != AHEAD)

    @property
    def verdict(self):
        """With by how much."""
        part = abs(self.spare) / self.allowed
        return f"{'met by' if self.met else 'MISSED by'} {abs(self.spare):.0f} ({part:.0%})"


def share_of(row):
    """The bar that the row sets, or None."""
    if row.is_own or row.copies is None:
        return None
    if row.copies == 0:
        return NEAR
    far = row.bytes == FAR_AHEAD_SIZE and any(row.is_of(name) for name in FAR_AHEAD)
    return FAR if far else AHEAD


def cheaper(figures, direction, size):
    """The window's row that costs less, or None."""
    found = [figures.find(name, direction, size) for name in (REFERENCE, BATCHED)]
    return min((row for row in found if row), key=figures.cost, default=None)


def references(figures, row):
    """Rows of the window that a row is compared with."""
    directions = ("u2k", "k2u") if row.direction == "u2u" else (row.direction,)
    found = [cheaper(figures, direction, row.bytes) for direction in directions]
    return [ours for ours in found if ours]


def all_bars(figures):
    """The bars that this run can tell of, missed ones first, then the closest."""
    bars = [Bar(ours, row, share_of(row)) for row in figures.rows
            if row.bytes in SIZES and row.insns_per_record is not None and share_of(row)
            for ours in references(figures, row)]
    return sorted(bars, key=lambda bar: bar.spare / bar.allowed)


def table_row(bar):
    """One line of the table of bars."""
    return [f"`{bar.other.mechanism}`", bar.other.direction, f"`{bar.ours.mechanism}` {bar.ours.direction}",
            WORDS[bar.share], str(bar.ours.bytes),
            number(bar.ours.insns_per_record), number(bar.other.insns_per_record), number(bar.allowed), bar.verdict]


def slope(figures, row):
    """Instructions for a further byte, between the two sizes, or None."""
    ends = [figures.find(row.mechanism, row.direction, size) for size in SIZES]
    if any(end is None or end.insns_per_record is None for end in ends):
        return None
    return (ends[1].insns_per_record - ends[0].insns_per_record) / (SIZES[1] - SIZES[0])


def where(figures, row):
    """Where the instructions of a row go."""
    per_byte = slope(figures, row)
    bytes_cost = None if per_byte is None else per_byte * row.bytes
    return [f"`{row.mechanism}`", row.direction, str(row.bytes), number(row.insns_per_record),
            number(row.sender_insns), number(row.receiver_insns),
            number(None if bytes_cost is None else row.insns_per_record - bytes_cost), number(bytes_cost),
            number(row.syscalls_per_record, 3), number(row.copies)]


def where_table(figures, missed):
    """Both sides of the bars that were missed."""
    rows = dict.fromkeys(row for bar in missed for row in (bar.ours, bar.other))
    return Table("Where the instructions of missed bars go", ["row", "way", "bytes", "instructions", "sender's",
                 "receiver's", "for a record", "for its bytes", "system calls", "copies"],
                 [where(figures, row) for row in rows], left=2)


def parts(figures, row):
    """A row of the window beside the one that has none of its copies, queues and calls, or None."""
    bare, per_byte = figures.find(BARE, row.direction, row.bytes), slope(figures, row)
    bare_byte = slope(figures, bare) if bare and bare.copies == 0 else None
    if None in (per_byte, bare_byte):
        return None
    more, copied = row.insns_per_record - bare.insns_per_record, (per_byte - bare_byte) * row.bytes
    return [f"`{row.mechanism}`", row.direction, str(row.bytes), number(row.insns_per_record),
            number(bare.insns_per_record), number(copied), number(more - copied)]


def parts_blocks(figures, missed):
    """What the window's rows of missed bars consist of, where there is something to tell it by."""
    rows = [parts(figures, row) for row in dict.fromkeys(bar.ours for bar in missed)]
    rows = [row for row in rows if row]
    if not rows:
        return []
    head = ["row", "way", "bytes", "instructions", "work of all", "copying", "rest"]
    return [Table("Parts of the window's rows", head, rows, left=2), Text(
        f"`work of all` is the whole of `{BARE}` at that size: making the record and the checksum of its bytes, with "
        "the little that a bare ring takes. `copying` is what a byte adds here and not there, times the bytes: the "
        "copy; kernel to user also the pattern, which is laid in place; and the calls that come sooner where records "
        "are larger. `rest` is the queue and calls, by this reckoning the same at both sizes.")]


def why_none(figures):
    """Why no bar can be told of, or None."""
    if not figures.counted:
        return "Instructions were not counted in this run (`--icount` counts them): no bar is told."
    if not any(row.mechanism in (REFERENCE, BATCHED) for row in figures.rows):
        return f"Neither `{REFERENCE}` nor `{BATCHED}` was in this run: no bar is told."
    return None


def summary(bars):
    """One line for the terminal and the page."""
    missed = sum(not bar.met for bar in bars)
    return f"{len(bars) - missed} bars met, {missed} missed"


def chapter(figures):
    """The section of the bars."""
    blocks = [Heading("Bars for the window")]
    reason = why_none(figures)
    if reason:
        return blocks + [Text(reason)]
    bars = all_bars(figures)
    missed = [bar for bar in bars if not bar.met]
    ways = " and ".join(DIRECTIONS[name] for name in ("u2k", "k2u"))
    blocks.append(Text(
        f"{summary(bars)}. Wanted at {SIZES[0]} B and {SIZES[1]} B, {ways}, in instructions of sender and receiver "
        f"together: the window ahead of whatever is copied on its way; at {FAR_AHEAD_SIZE} B at least 4 times ahead "
        f"of {', '.join(FAR_AHEAD)} and their variants; within 1.5 times of what is read where it was written. "
        f"What is held against others is the cheaper of `{REFERENCE}`, a record in each call of the vDSO, and "
        f"`{BATCHED}`, up to 64 in a call, as others have their batches: each way in its best honest use. `ours` says "
        "which of the two it is. A way between two processes is held against both directions."))
    if missed:
        blocks.append(where_table(figures, missed))
        blocks.append(Text("`for its bytes` is what a byte adds between the two sizes, times the bytes; "
                           "`for a record` is the rest: calls, copies' set-up, queues, wake-ups."))
        blocks += parts_blocks(figures, missed)
    head = ["against", "its way", "ours", "wanted", "bytes", "our cost", "its cost", "allowed", "result"]
    blocks.append(Table("Every bar, the tightest first", head, [table_row(bar) for bar in bars], left=4,
                        folded=len(bars) > UNFOLDED))
    return blocks
