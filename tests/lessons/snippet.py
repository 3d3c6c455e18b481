"""The part of a source file that a fence names.

    ```c file=chapters/03-cgroups/cgroup.c function=cgroup_create
    ```c file=chapters/03-cgroups/cgroup.h struct=cgroup
    ```c file=chapters/01-process/main.c lines=/process_start/,/^}/
    ```c file=chapters/02-namespaces/first.c
"""

import re


class NotFound(Exception):
    pass


def read(root, attributes):
    """The lines that the fence's attributes select."""
    path = root / attributes["file"]
    if not path.is_file():
        raise NotFound(f"no such file: '{attributes['file']}'")
    lines = path.read_text().rstrip("\n").split("\n")
    for selector, select in (("function", function), ("struct", struct), ("lines", between)):
        if selector in attributes:
            return select(lines, attributes[selector], attributes["file"])
    return lines


def function(lines, name, file):
    """From the line of its name to the closing brace; in a header, the prototype to its semicolon."""
    named = re.compile(rf"^[A-Za-z_].*?(?<![\w.>]){re.escape(name)}\(")
    prototype = None
    for first, line in enumerate(lines):
        if not named.match(line):
            continue
        last = first
        while last < len(lines) - 1 and not re.search(r"[;{}]\s*(/\*.*\*/)?$|^\{", lines[last]):
            last += 1
        if "{" in lines[last]:
            return lines[first : end(lines, last, r"^\}") + 1]
        prototype = prototype or lines[first : last + 1]
    if prototype:
        return prototype
    raise NotFound(f"no function '{name}' in '{file}'")


def struct(lines, name, file):
    for first, line in enumerate(lines):
        if re.match(rf"^(static |const )*(struct|union|enum) {re.escape(name)} \{{", line):
            return lines[first : end(lines, first, r"^\}") + 1]
    raise NotFound(f"no struct '{name}' in '{file}'")


def between(lines, pair, file):
    """From the first line that the first regex matches to the next that the second does."""
    match = re.fullmatch(r"/((?:\\.|[^/\\])*)/,/((?:\\.|[^/\\])*)/", pair)
    if not match:
        raise NotFound(f"lines={pair} is not lines=/regex/,/regex/")
    begin, until = (regex.replace(r"\/", "/") for regex in match.groups())
    for first, line in enumerate(lines):
        if re.search(begin, line):
            return lines[first : end(lines, first + 1, until) + 1]
    raise NotFound(f"no line matches /{begin}/ in '{file}'")


def end(lines, first, regex):
    for number in range(first, len(lines)):
        if re.search(regex, lines[number]):
            return number
    raise NotFound(f"no line matches /{regex}/ after line {first}")
