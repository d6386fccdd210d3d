#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the tables of system calls and of error numbers as C, see tables.h.

tables.py SRC HEADERS CC    SRC: a kernel source; without one, the names come
                            from HEADERS and the compiler CC's own headers

Copyright (C) 2026 the bulk_xfer authors
"""
import glob
import os
import re
import subprocess
import sys

# Registers that hold arguments: what is told of a call whose source is not found.
MOST_ARGS = 6

TABLE = "arch/x86/entry/syscalls/syscall_{}.tbl"
PROTOTYPES = ["include/linux/syscalls.h", "include/linux/compat.h"]
# The calls that x86 has alone have no prototype.
DEFINITIONS = ["arch/x86/kernel/*.c", "arch/x86/kernel/cpu/resctrl/*.c", "arch/x86/entry/*.c", "kernel/sys.c"]
ERRNOS = ["include/uapi/asm-generic/errno-base.h", "include/uapi/asm-generic/errno.h"]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def prototypes(src):
    """The number of arguments of each entry point that a header declares."""
    found = {}
    for path in PROTOTYPES:
        for name, args in re.findall(r"\b((?:compat_)?sys_\w+)\s*\(([^;{]*?)\)\s*;", read(f"{src}/{path}")):
            found[name] = 0 if args.strip() == "void" else args.count(",") + 1
    return found


def definitions(src):
    """The same, of each that is defined in a file of DEFINITIONS."""
    found = {}
    for path in sorted(path for pattern in DEFINITIONS for path in glob.glob(f"{src}/{pattern}")):
        for kind, nr, name in re.findall(r"^((?:COMPAT_)?SYSCALL(?:32)?)_DEFINE(\d)\((\w+)", read(path), re.M):
            # SYSCALL32 is either, as the kernel is of 32 or 64 bits.
            if kind != "COMPAT_SYSCALL":
                found["sys_" + name] = int(nr)
            if kind != "SYSCALL":
                found["compat_sys_" + name] = int(nr)
    return found


def rows(src, bits):
    """Number, ABI, name and entry points of each line of a table."""
    for line in read(f"{src}/{TABLE.format(bits)}").splitlines():
        words = line.split("#")[0].split()
        if len(words) >= 3:
            yield int(words[0]), words[1], words[2], words[3:]


def kernel_calls(src):
    """{table: {number: (name, arguments)}} as the kernel's own build has them."""
    args = {**definitions(src), **prototypes(src)}
    calls = {"64": {}, "x32": {}, "32": {}}
    for bits in ("64", "32"):
        for nr, abi, name, entries in rows(src, bits):
            entry = ([e for e in entries[:1 + (bits == "32")] if e != "-"] or [""])[-1]
            for table in {"common": ["64", "x32"], "i386": ["32"]}.get(abi, [abi]):
                calls[table][nr] = (name, args.get(entry, MOST_ARGS))
    return calls


def macros(text, headers, cc):
    """The macros that a C program of one line has, by name."""
    out = subprocess.run([cc, "-E", "-dM", f"-I{headers}", "-x", "c", "-"], input=text, text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    return dict(re.findall(r"^#define (\w+) (.*)$", out, re.M))


def header_calls(headers, cc):
    """The same as kernel_calls() without a kernel source: nothing tells the arguments."""
    calls = {}
    for table, header in (("64", "unistd_64.h"), ("x32", "unistd_x32.h"), ("32", "unistd_32.h")):
        found = macros(f"#include <asm/{header}>\n", headers, cc)
        numbers = {name[5:]: re.fullmatch(r"\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?", value)
                   for name, value in found.items() if name.startswith("__NR_")}
        calls[table] = {int(nr[1]): (name, MOST_ARGS) for name, nr in numbers.items() if nr}
    return calls


def kernel_errnos(src):
    text = "".join(read(f"{src}/{path}") for path in ERRNOS)
    return {int(nr): name for name, nr in re.findall(r"^#define\s+(E\w+)\s+(\d+)\b", text, re.M)}


def header_errnos(headers, cc):
    found = macros("#include <errno.h>\n", headers, cc)
    return {int(nr): name for name, nr in found.items() if re.fullmatch(r"E[A-Z0-9]+", name) and nr.isdigit()}


def write(calls, errnos):
    print("/* Made by tables.py: changes here are lost. */")
    print('#include "bulkctl/syscalls/tables.h"\n')
    for table in ("64", "x32", "32"):
        print(f"const struct call calls_{table}[] = {{")
        for nr, (name, args) in sorted(calls[table].items()):
            print(f'\t[{nr}] = {{ "{name}", {args} }},')
        print(f"}};\nconst unsigned int nr_calls_{table} = {max(calls[table]) + 1};\n")
    print("const char *const errno_names[] = {")
    for nr, name in sorted(errnos.items()):
        print(f'\t[{nr}] = "{name}",')
    print(f"}};\nconst unsigned int nr_errno_names = {max(errnos) + 1};")


def main():
    src, headers, cc = sys.argv[1:]
    if os.path.exists(f"{src}/{TABLE.format(64)}"):
        write(kernel_calls(src), kernel_errnos(src))
    else:
        write(header_calls(headers, cc), header_errnos(headers, cc))


main()
