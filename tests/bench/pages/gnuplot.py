# SPDX-License-Identifier: GPL-2.0
# Bar and line plots as SVG, by gnuplot.
# Copyright (C) 2026 the bulk_xfer authors
"""bars() and lines() return the text of an SVG file."""

import math
import subprocess

from figures import fail

WIDTH = 860
BAR_HEIGHT = 20
COLOURS = ("#c0392b", "#2e86c1", "#7f8c8d", "#e59866")
# Of lines, with the first for the one that the others are held against.
LINE_COLOURS = ("#c0392b", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")


def run(script):
    """Output of gnuplot."""
    try:
        done = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True, check=False)
    except FileNotFoundError:
        fail("gnuplot is not installed; ./build.sh deps installs it")
    if done.returncode or not done.stdout:
        fail(f"gnuplot: {' '.join(done.stderr.split()) or 'no output'}")
    return done.stdout


def quoted(text):
    """A string of gnuplot's, in which nothing is special."""
    return "'" + text.replace("'", "''") + "'"


def start(title, height):
    """Common first lines."""
    return [f"set terminal svg size {WIDTH},{height} noenhanced font 'sans-serif,12' background '#ffffff'",
            "set encoding utf8", f"set title {quoted(title)}", "set grid xtics lc rgb '#dddddd'", "set border 3",
            "set tics nomirror"]


def block(name, lines):
    """Data within the script."""
    return [f"${name} << END_OF_DATA", *lines, "END_OF_DATA"]


def bar_range(values):
    """Powers of ten: one below the smallest, and one above that leaves room for labels."""
    return 10.0 ** math.floor(math.log10(min(values) / 1.5)), 10.0 ** math.ceil(math.log10(max(values) * 4))


def label(value):
    """At the end of a bar."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def scale(high):
    """Format of a logarithmic axis that ends there."""
    return "'%.0s%c'" if high > 1e5 else "'%g'"


def bars(title, axis, items, groups):
    """Horizontal bars on a logarithmic scale, from the top: [(name, value, group)]."""
    low, high = bar_range([value for _, value, _ in items])
    script = start(title, 140 + BAR_HEIGHT * len(items))
    script += ["set logscale x", f"set format x {scale(high)}", f"set xrange [{low:g}:{high:g}]",
               f"set yrange [{len(items) - 0.3}:-0.7]", f"set xlabel {quoted(axis)}", "set style fill solid",
               "set key above",
               "set ytics (" + ", ".join(f"{quoted(item[0])} {n}" for n, item in enumerate(items)) + ")"]
    parts = []
    for index, group in enumerate(groups):
        data = [f'{n} {value:.6g} "{label(value)}"' for n, (_, value, of) in enumerate(items) if of == group]
        if not data:
            continue
        script += block(f"d{index}", data)
        parts.append(f"$d{index} using ({low:g}):1:({low:g}):2:($1-0.38):($1+0.38) with boxxyerror "
                     f"lc rgb '{COLOURS[index]}' title {quoted(group)}")
        parts.append(f"$d{index} using 2:1:3 with labels left offset 0.4,0 notitle")
    script.append("plot " + ", ".join(parts))
    return run("\n".join(script) + "\n")


def lines(title, axis, sizes, series):
    """Cost against record size, both logarithmic: {name: [(size, value)]}; sizes are [(size, name)]."""
    script = start(title, 460)
    script += ["set logscale xy", "set grid xtics ytics lc rgb '#dddddd'", "set xlabel 'record size'",
               f"set ylabel {quoted(axis)}", "set format y '%.0s%c'", "set key outside right top",
               f"set xrange [{sizes[0][0] / 1.3:g}:{sizes[-1][0] * 1.3:g}]",
               "set xtics (" + ", ".join(f"{quoted(name)} {size}" for size, name in sizes) + ")"]
    parts = []
    for index, (name, points) in enumerate(series.items()):
        script += block(f"d{index}", [f"{size} {value:.6g}" for size, value in points])
        parts.append(f"$d{index} using 1:2 with linespoints lw {1 if index else 3} pt {index + 4} ps 0.6 "
                     f"lc rgb '{LINE_COLOURS[index % len(LINE_COLOURS)]}' title {quoted(name)}")
    script.append("plot " + ", ".join(parts))
    return run("\n".join(script) + "\n")
