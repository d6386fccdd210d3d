# SPDX-License-Identifier: GPL-2.0
# Writes the bench's report: one HTML page, the same as Markdown, and the plots of that as SVG files.
# Copyright (C) 2026 the bulk_xfer authors
"""Report of one run of the bench. Needs gnuplot."""

import sys

# Files beside the sources would count as changed sources.
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import argparse
import os
import re

import advice
import bars
import chapters
import recorders
import survey
import to_html
import to_markdown
from document import Document, Heading, Table, Text
from figures import Figures, fail, read_about, read_rows, read_text


def how_measured(figures):
    """What the figures are, and what they are worth."""
    accels = sorted({row.accel for row in figures.rows})
    texts = [f"Measured with accelerator {', '.join(accels)}. Every way does the same work: the sender makes a record "
             "with a sequence number, the receiver checksums every byte of it."]
    if figures.counted:
        texts.append("Instructions are those of user and kernel space together, counted by QEMU (tcg, `-icount "
                     "shift=0`, one processor) in a boot of its own; times come from another boot.")
    else:
        texts.append("Wall time only: instructions were not counted in this run (`--icount` counts them).")
    if any(accel.startswith("tcg") for accel in accels):
        texts.append("Times and cycles under tcg are those of an emulator on a shared machine: compare counted "
                     "instructions, not those.")
    return " ".join(texts)


def opening(figures, facts):
    """Title, and what made the report."""
    rows = [["accelerator", ", ".join(sorted({row.accel for row in figures.rows}))], *facts]
    return [Heading("Ways between kernel and user space, compared", 1), Text(how_measured(figures)),
            Table("This run", ["what", "value"], [[name, f"`{value}`"] for name, value in rows], left=2)]


def compose(figures, recorded, facts):
    """The report."""
    document = Document()
    tcg = any(row.accel.startswith("tcg") for row in figures.rows)
    for blocks in (opening(figures, facts), advice.chapter(figures), chapters.cost(figures),
                   chapters.against_size(figures), chapters.speed(figures), bars.chapter(figures),
                   chapters.wakes(figures), chapters.stalls(figures), survey.chapter(figures, tcg), recorders.chapter(recorded),
                   chapters.notes(figures), chapters.features(figures), chapters.all_figures(figures)):
        document.add(*blocks)
    return document


def write(folder, name, text):
    """One file of the report."""
    try:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fail(f"{folder}: {error}")


def clear(folder):
    """Removes the plots of an earlier report in the same folder."""
    path = os.path.join(folder, "report.md")
    for name in re.findall(r"\]\(([a-z0-9-]+\.svg)\)", read_text(path)) if os.path.exists(path) else []:
        try:
            os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            pass


def write_all(document, folder):
    """Page, Markdown, plots."""
    try:
        os.makedirs(folder, exist_ok=True)
        clear(folder)
    except OSError as error:
        fail(f"{folder}: {error}")
    write(folder, "report.html", to_html.render(document))
    write(folder, "report.md", to_markdown.render(document))
    for plot in document.plots:
        write(folder, plot.name + ".svg", plot.svg)


def parse_fact(text):
    """NAME=VALUE."""
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError("want NAME=VALUE")
    return [name, value]


def main():
    """Reads, composes, writes."""
    parser = argparse.ArgumentParser(prog="pages", description=__doc__)
    parser.add_argument("--json", required=True, metavar="FILE", help="the bench's rows")
    parser.add_argument("--about", metavar="FILE", help="lines of the programs' --about")
    parser.add_argument("--recorders", action="append", default=[], metavar="RESULTS",
                        help="of a boot that measured recorders of system calls")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--fact", action="append", default=[], type=parse_fact, metavar="NAME=VALUE",
                        help="what is to be known of the run")
    args = parser.parse_args()
    figures = Figures(read_rows(args.json), read_about(args.about))
    write_all(compose(figures, recorders.read_recorders(args.recorders), args.fact), args.out)
    result = bars.why_none(figures) or bars.summary(bars.all_bars(figures))
    print(f"report: {os.path.join(args.out, 'report.html')}: {result}")


main()
