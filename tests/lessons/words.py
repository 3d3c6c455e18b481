"""What the prose says of this project: links, paths and options.

An option in `backticks` must be one that a program of ours prints in its --help. An option of
another program is written with that program's name before it: `unshare --fork`, never `--fork`.
A command of ours, in backticks or in a console block, is checked against that program's own help:
all options up to its first operand that doesn't follow an option.
"""

import re
import shlex
import subprocess

from markdown import Lesson

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)|\b(?:src|href)=\"([^\"]+)\"")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
PATH = re.compile(r"^(?:(?:chapters|final|tests)/[\w./-]+|build/\d\d-[a-z]+)$")
WRAPPERS = {"sudo", "time", "env", "exec", "strace", "timeout"}


class Programs:
    """The programs in build/, and the options that their help names."""

    def __init__(self, root):
        self.subcommands = set("run pull images rmi stats login logout inspect".split())
        built = [*sorted((root / "build").glob("[0-9][0-9]-*")), root / "build/coracle"]
        self.options = {p.name: self.help(p) for p in built if p.is_file() and p.stat().st_mode & 0o100}
        self.all = set().union(*self.options.values()) if self.options else set()

    def help(self, program):
        """The options of the program, and of all its commands, also those of two words."""
        text = ask(program, "--help")
        if program.name[:2] in ("01", "02", "03", "04"):
            return set(OPTION.findall(text)) | {"--help"}
        commands = re.findall(r"^command\t([^\t]+)", ask(program, "--help=rows"), re.M)
        self.subcommands.update(commands)
        for command in commands or sorted(self.subcommands):
            nested = re.findall(r"^command\t([^\t]+)", ask(program, command, "--help=rows"), re.M)
            for words in [command, *nested]:
                text += ask(program, *words.split(), "--help") if re.search(rf"\b{command}\b", text) else ""
        return set(OPTION.findall(text)) | {"--help"}

    def unknown(self, command):
        """The options that a command line of ours gives and the program doesn't have."""
        words = split(command)
        while words and (words[0] in WRAPPERS or re.match(r"\w+=", words[0])):
            words.pop(0)
        name = words.pop(0).rsplit("/", 1)[-1] if words else ""
        if name not in self.options:
            return []
        if words and words[0] in self.subcommands:
            words.pop(0)
        used, after_option = [], False
        for word in words:
            if word == "--" or not (word.startswith("-") or after_option):
                break
            after_option = word.startswith("-") and "=" not in word
            used += OPTION.findall(word.split("=")[0]) if word.startswith("--") else []
        return [option for option in used if option not in self.options[name]]


def ask(program, *arguments):
    try:
        run = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.decode(errors="replace")


def split(command):
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return command.split()


def simple_commands(command):
    return re.split(r"\|\||&&|[|;&\n]|\$\(", command.replace("\\\n", " "))


def check_command(command, programs):
    for part in simple_commands(command):
        for option in programs.unknown(part):
            yield f"no program of this name has the option {option}: {part.strip()}"


def check_spans(lesson, root, programs):
    """(line, fault) for each span of code that names what isn't there, and how many were checked."""
    faults, count = [], 0
    for line, span in lesson.code_spans():
        if span.startswith("--"):
            found = [o for o in OPTION.findall(span) if o + "…" not in span]
            count += len(found)
            faults += [(line, f"unknown option {o}") for o in found if o not in programs.all]
        elif PATH.match(span) and not re.search(r"NN|[A-Z]{3,}(?!\.md)", span):
            count += 1
            if not (root / span).exists():
                faults.append((line, f"no such path: '{span}'"))
        else:
            faults += [(line, fault) for fault in check_command(span, programs)]
    return faults, count


def check_links(lesson, root):
    faults, count = [], 0
    for line, text in lesson.prose_without_code():
        for match in LINK.finditer(text):
            target = next(group for group in match.groups() if group)
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            fault = check_link(lesson, root, target)
            if fault:
                faults.append((line, fault))
    return faults, count


def check_link(lesson, root, target):
    path, _, anchor = target.partition("#")
    file = (lesson.path.parent / path).resolve() if path else lesson.path.resolve()
    if path.startswith("/") or not file.is_relative_to(root):
        return f"a link that leaves the project: '{target}'"
    if not file.exists():
        return f"dead link: '{target}'"
    if anchor and file.suffix == ".md" and anchor not in Lesson(file, root).anchors():
        return f"dead link: '{target}': no such heading"
    return None
