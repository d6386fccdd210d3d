# SPDX-License-Identifier: GPL-2.0
# The tables of the 2018 survey (Pipereau, "Communications between kernel space and user space") beside this run.
# Copyright (C) 2026 the bulk_xfer authors
"""Published figures are the survey's own words; ours are those of the mechanism
named, and of its variants, at the size nearest to the survey's."""

from dataclasses import dataclass
from typing import Optional

import gnuplot
from document import Heading, Plot, Table, Text
from figures import ABSENT, ASIDE_BYTES, nearest, number, size_name

NOT_RUN = "not in this run"
PUBLISHED, OURS = "published in 2018", "this run"
SIDES = {"sender": "sending", "receiver": "receiving"}

# What, published microseconds, our mechanism, bytes; in parts?
LATENCIES = (
    ("Pipe for 4096 Bytes messages", 2.37, "pipe", 4096, False),
    ("Pipe for 416 Bytes messages transferred in two times", 1.27, "pipe", 416, True),
    ("POSIX - Shared memory", 0.91, "shm", 416, False),
    ("POSIX - Message Queues", 0.99, "mqueue", 416, False),
)

CYCLES_SIZE = 1024
# What, our mechanism, published sender, published receiver.
USER_TO_KERNEL = (
    ("netlink API with dedicated port", "netlink", "15 000", "NO DATA"),
    ("character device with read/write ops", "chardev", "52 405", "182"),
    ("relay API", "relay", "NOT POSSIBLE", "NOT POSSIBLE"),
    ("vfs read/write to pipefs", "fifo", "NOT IMPLEMENTED", "NOT IMPLEMENTED"),
)
KERNEL_TO_USER = (
    ("netlink API with dedicated port", "netlink", "3 498", "3 724"),
    ("character device with read/write ops", "chardev", "NOT IMPLEMENTED", "NOT IMPLEMENTED"),
    ("relay API with writing to debugfs", "relay", "158", "6078"),
    ("vfs write/read to pipefs", "fifo", "4 620", "4 622"),
)

# What, synchronous?, our mechanism.
FROM_KERNEL = (("vfs_write()", True, "fifo"), ("nlmsg_unicast()", False, "netlink"))
FROM_USER = (("ioctl", True, "ioctl"), ("write syscall", True, "chardev"),
             ("write/send syscall with O_NONBLOCK", False, "netlink"))
KINDS = {True: "synchronous", False: "asynchronous", None: "not told"}


@dataclass(frozen=True)
class Seen:
    """Whether a mechanism's sender waits for its receiver, and how that is known."""
    kind: Optional[bool]
    how: str


def rows_near(figures, base, direction, size, parts=None):
    """Rows of a mechanism and its variants at the size nearest to the wanted one; parts: split or not."""
    rows = [row for row in figures.rows if row.is_of(base) and row.direction == direction
            and parts in (None, row.is_split)]
    best = nearest([row.bytes for row in rows], size)
    return [row for row in rows if row.bytes == best]


def described(row):
    """A row's name with what is not plain about it."""
    parts = f" in parts of {row.unit} B" if row.is_split else ""
    return f"`{row.mechanism}` at {size_name(row.bytes)}{parts}"


def micro(value):
    """Nanoseconds as microseconds."""
    return number(None if value is None else value / 1000, 2)


def latency_rows(figures):
    """Table 1: each line of the survey with each of our rows."""
    for what, published, base, size, parts in LATENCIES:
        rows = rows_near(figures, base, "u2u", size, parts) or rows_near(figures, base, "u2u", size)
        for row in rows:
            yield what, published, row
        if not rows:
            yield what, published, None


def latencies(figures):
    """The survey's table 1."""
    lines, items = [], []
    for what, published, row in latency_rows(figures):
        bar = (what, published, PUBLISHED)
        items += [bar] if bar not in items else []
        if not row:
            lines.append([what, NOT_RUN, f"{published:.2f}", ABSENT, ABSENT])
            continue
        lines.append([what, described(row), f"{published:.2f}", micro(row.ns_per_record), number(row.insns_per_record)])
        if row.ns_per_record:
            items.append((described(row).replace("`", ""), row.ns_per_record / 1000, OURS))
    table = Table("Table 1: Comparison of IPC mechanism latency, microseconds a message",
                  ["survey", "ours", "published", "this run", "instructions"], lines, left=2)
    return [Heading("Table 1", 3), Text(
        "Survey: one million messages between two threads, Core i7-4600U at 2.1 GHz, Linux 4.4; it names a size for "
        "the pipe only. Ours: the time that sending and receiving a message take together, user to user, at the size "
        "named, which is the nearest one that was run to the pipe's."),
        table, plot("survey-1", "Table 1: latency", "microseconds a message", items)]


def plot(name, title, axis, items):
    """A bar plot of what was published and what was measured."""
    return Plot(name, gnuplot.bars(title, axis, items, (PUBLISHED, OURS)), f"{title}, {axis}; logarithmic.")


def published_number(text):
    """Figure of a cell of the survey, or None."""
    digits = text.replace(" ", "")
    return int(digits) if digits.isdigit() else None


def cycle_line(what, published, row):
    """A line of tables 4 and 5 with one of our rows."""
    return [what, described(row), *published, number(row.cycles_of("sender")), number(row.cycles_of("receiver")),
            number(row.cycles_per_record), number(row.sender_insns), number(row.receiver_insns),
            number(row.insns_per_record)]


def cycle_lines(figures, direction, table):
    """Tables 4 and 5: the survey's lines, then what it could not have."""
    for what, base, *published in table:
        rows = rows_near(figures, base, direction, CYCLES_SIZE)
        for row in rows:
            yield cycle_line(what, published, row)
        if not rows:
            yield [what, NOT_RUN, *published, *[ABSENT] * 6]
    size = figures.size_near(CYCLES_SIZE)
    for row in figures.rows:
        if row.is_own and (row.direction, row.bytes) == (direction, size):
            yield cycle_line("not in the survey", (ABSENT, ABSENT), row)


def cycle_bars(figures, direction, table):
    """What of tables 4 and 5 is a number, ours below the survey's."""
    for what, base, *published in table:
        for word, text in zip(SIDES.values(), published):
            if published_number(text):
                yield f"{what}, {word}", published_number(text), PUBLISHED
        for row in rows_near(figures, base, direction, CYCLES_SIZE):
            for side, word in SIDES.items():
                if row.cycles_of(side):
                    yield f"{row.mechanism}, {word}", row.cycles_of(side), OURS


def cycles(figures, number_of, direction, title, sides, table):
    """The survey's table 4 or 5."""
    head = ["survey", "ours", f"published: {sides[0]}", f"published: {sides[1]}", "cycles: sender", "receiver",
            "together", "instructions: sender", "receiver", "together"]
    return [Heading(f"Table {number_of}", 3),
            Table(f"Table {number_of}: clock cycles for 1024 Bytes messages exchanged from {title}", head,
                  list(cycle_lines(figures, direction, table)), left=2),
            plot(f"survey-{number_of}", f"Table {number_of}: from {title}", "cycles a message",
                 list(cycle_bars(figures, direction, table)))]


def declared(figures, row):
    """What the mechanism says: True, False or None."""
    text = figures.about.get(row.mechanism, {}).get("synchronous", "")
    side = "to the kernel " if row.direction == "u2k" else "to the user "
    word = text.partition(side)[2] if side in text else text
    return {"yes": True, "no": False}.get(word.replace(",", " ").split()[0] if word.split() else "")


def stalled(row):
    """What a receiver that took none for a second adds, as a text."""
    return (f"{row.stall_accepted} of {row.stall_offered} records of {ASIDE_BYTES} B accepted while the receiver "
            "took none")


def mostly_without(row):
    """Were more than half of the batches moved without any system call?"""
    return row.direction != "u2u" and row.syscalls_per_record is not None and row.syscalls_per_record * row.batch < 0.5


def one_sided(row):
    """What is known where only one side had a step of its own."""
    if mostly_without(row):
        done, whose = ("sent", "receiver's") if row.direction == "u2k" else ("received", "sender's")
        return Seen(False, f"{number(row.syscalls_per_record, 4)} system calls a record of {size_name(row.bytes)}: "
                    f"most were {done} without one that could do the {whose} work")
    return Seen(True, "the calls of one side had the other's work done: that had no step of its own, and every byte "
                "arrived")


def seen(figures, row):
    """What the run shows, else what the mechanism says."""
    if row.stall_accepted is not None:
        return Seen(row.stall_accepted == 0, stalled(row))
    if row.queued is False:
        return one_sided(row)
    if row.queued:
        return Seen(False, f"{row.batch} records were sent before the first was received")
    return Seen(declared(figures, row), "by its own word only")


def agreement(published, shown):
    """Does the survey's word hold?"""
    if shown is None:
        return "can't be told"
    return "holds" if published == shown else "does not hold here"


def synchronous_lines(figures, direction, table):
    """Lines of tables 2 and 3."""
    for what, published, base in table:
        rows = [row for row in figures.once(direction) if row.is_of(base)]
        for row in rows:
            shown = seen(figures, row)
            yield [what, KINDS[published], f"`{row.mechanism}`", KINDS[declared(figures, row)], KINDS[shown.kind],
                   shown.how, agreement(published, shown.kind)]
        if not rows:
            yield [what, KINDS[published], NOT_RUN, ABSENT, ABSENT, ABSENT, "can't be told"]


def synchronous(figures, number_of, direction, title, table):
    """The survey's table 2 or 3."""
    return [Heading(f"Table {number_of}", 3), Table(
        f"Table {number_of}: synchronous and asynchronous primitives from {title}",
        ["survey", "it says", "ours", "declared", "as run", "what was seen", "the survey's word"],
        list(synchronous_lines(figures, direction, table)), left=7)]


def contradictions(figures):
    """Ways that were run otherwise than they say."""
    found = {True: [], False: []}
    for way in figures.directions:
        for row in figures.once(way):
            shown = seen(figures, row).kind
            if None not in (shown, declared(figures, row)) and shown != declared(figures, row):
                found[shown].append(f"`{row.mechanism}` {way}")
    texts = [f"{KINDS[kind]} as run, though declared {KINDS[not kind]}: {', '.join(names)}"
             for kind, names in found.items() if names]
    return Text("Of all ways of this run, " + ("; ".join(texts) or "each was run as it declares") +
                ". Where a record is taken within the call that sends it, a way that can queue is synchronous.")


def chapter(figures, tcg):
    """The section of the survey's tables."""
    blocks = [Heading("Beside the surveys"), Text(
        "The surveys of 2005 and 2008 have no figures; that of 2018 has five tables. Published cells are given as "
        f"printed, {ABSENT} is what was not measured here. Cycles are those of the time stamp counter"
        + (", which under emulation says how long QEMU took, not what a processor would." if tcg else "."))]
    blocks += latencies(figures)
    blocks += synchronous(figures, 2, "k2u", "kernel space", FROM_KERNEL)
    blocks += synchronous(figures, 3, "u2k", "user space", FROM_USER)
    blocks.append(Text(
        "What a run can tell is whether the sender's call did the receiver's work. A way is called asynchronous here "
        "when it did not: records were accepted before the receiver had its turn, or moved without a system call that "
        "could have done it. It is called synchronous when one side's calls had the work of both done. O_NONBLOCK "
        "alone makes no call asynchronous: it only refuses to wait; what counts is whether there is a queue behind the "
        "call."))
    blocks.append(contradictions(figures))
    blocks.append(Text("Published cycles of tables 4 and 5: Core i5-4210U at 1.70 GHz, 1000 to 1024 B a message."))
    blocks += cycles(figures, 4, "u2k", "User to Kernel space", ("User sending", "Kernel receiving"), USER_TO_KERNEL)
    blocks += cycles(figures, 5, "k2u", "Kernel to User space", ("Kernel sending", "User receiving"), KERNEL_TO_USER)
    return blocks
