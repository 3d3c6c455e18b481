"""Tables of options, which are made of the option tables of a program:

    <!-- options of build/coracle run -->
    | option | for the kernel | manual |
    …
    <!-- end of options -->

They name each option behind which there is an object of the kernel, by chapter.
"""

import re
import subprocess

BEGIN = re.compile(r"^<!-- options of (build/[\w-]+(?: \w+)*) -->$")
END = "<!-- end of options -->"


class NotFound(Exception):
    pass


def regions(lesson):
    """(line of the first line inside, the lines inside, the command) for each table."""
    for number, line in lesson.prose:
        match = BEGIN.match(line)
        if not match:
            continue
        if END not in lesson.lines[number:]:
            raise NotFound(f"a table of options that never ends: '{END}' is missing")
        end = lesson.lines.index(END, number)
        yield number + 1, lesson.lines[number:end], match[1]


def table(root, command):
    program = root / command.split()[0]
    if not program.exists():
        raise NotFound(f"no such program, for its --help=rows: {command}")
    run = subprocess.run([*command.split(), "--help=rows"], cwd=root, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    rows = [line.split("\t") for line in run.stdout.decode().split("\n") if line.startswith("option\t")]
    if run.returncode or not rows:
        raise NotFound(f"'{command} --help=rows' prints no options: {run.stderr.decode().strip()}")
    lines, chapter = ["| option | for the kernel | manual | chapter |", "|---|---|---|---|"], ""
    for _, name, letter, value, _, kernel, manual, group in rows:
        if not kernel:
            continue
        short = f"`-{letter}`, " if letter else ""
        where = group.split(":")[0]
        lines.append(f"| {short}`--{name}{' ' + cell(value) if value else ''}` | {cell(kernel)} | {manual} | "
                     f"{where if where != chapter else ''} |")
        chapter = where
    return lines


def cell(text):
    return text.replace("|", "\\|")
