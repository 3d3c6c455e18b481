"""The steps of a chapter, out of marks in its source.

A mark is a comment that begins with the number of a step, above the statement (or the row of a
table, or the field of an initializer) that the step adds:

    /* Step 2.4: before the first mount, or it would show on the host. */
    if (rootfs_isolate(err) < 0)
            return -1;

So every state between first.c and the finished chapter can be made from the one source:
"step/2.4" has the steps up to 2.4, "without/2.4" has all but 2.4. What a mark leaves out goes whole,
to its semicolon, closing brace or comma; nothing else changes, and a state must compile.
"""

import fcntl
import os
import re
import subprocess

MARK = re.compile(r"/\* Step (\d)\.(\d+)\b")
TOKEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\w+|\S', re.S)


class Wrong(Exception):
    pass


def chapter_dir(root, step):
    """The folder; final/ counts as the seventh chapter."""
    chapter = step.split(".")[0]
    found = [root / "final"] if chapter == "7" else list((root / "chapters").glob(f"0{chapter}-*/"))
    return found[0] if found else root / "chapters" / "none"


def program(root, step):
    folder = chapter_dir(root, step).name
    return "coracle" if folder == "final" else folder


def sources(root, step):
    """The chapter's files that have marks."""
    return [path for path in sorted(chapter_dir(root, step).rglob("*.c")) if MARK.search(path.read_text())]


def steps_of(root, chapter):
    """The chapter's steps in order; each number once, without a gap."""
    found = set()
    for path in sources(root, f"{chapter}.1"):
        for match in MARK.finditer(path.read_text()):
            if match[1] != str(chapter):
                raise Wrong(f"{path.relative_to(root)}: a step of another chapter: {match[0]}")
            found.add(int(match[2]))
    if found != set(range(1, len(found) + 1)):
        raise Wrong(f"the steps of chapter {chapter} have a gap: {sorted(found)}")
    return [f"{chapter}.{number}" for number in sorted(found)]


def states(root):
    """Each state that is worth a build. The last step/N.k is the finished chapter."""
    return [f"{kind}/{step}" for chapter in range(1, 8) for step in steps_of(root, chapter)
            for kind in ("step", "without")]


def check(root, step):
    if step not in steps_of(root, step.split(".")[0]):
        raise Wrong(f"no mark of the step {step} in {chapter_dir(root, step).relative_to(root)}")


def statement_end(text, begin):
    """The index after the statement, row or field that begins at or after `begin`."""
    depth, first = 0, None
    tokens = [match for match in TOKEN.finditer(text, begin) if not match[0].startswith("/*")]
    for match, after in zip(tokens, tokens[1:]):
        first = first or match[0]
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > 0:
            continue
        if depth < 0:
            break
        if match[0] == "," and first in ("{", ".", '"'):
            return match.end()
        if match[0] == ";" and after[0] != "else":
            return match.end()
        if match[0] == "}" and after[0] not in (";", ",", "else", ")"):
            return match.end()
    raise Wrong(f"no statement behind the mark: {text[begin:begin + 60]!r}")


def leave_out(text, is_left_out):
    """The text without the statements whose mark's number is_left_out says so, and without their marks."""
    for match in reversed(list(MARK.finditer(text))):
        if is_left_out(int(match[2])):
            begin = text.rindex("\n", 0, match.start()) + 1
            end = statement_end(text, text.index("*/", match.start()) + 2)
            text = text[:begin] + text[text.index("\n", end) + 1 :]
    return text


def derive(root, state):
    """{path: text} of the chapter's marked files in that state."""
    kind, step = state.split("/")
    check(root, step)
    number = int(step.split(".")[1])
    is_left_out = (lambda other: other > number) if kind == "step" else (lambda other: other == number)
    return {path: leave_out(path.read_text(), is_left_out) for path in sources(root, step)}


def write(root, state):
    """Puts the state's sources below build/STATE, where they differ from the chapter's."""
    step = state.split("/")[1]
    target = root / "build" / state
    wanted = {target / path.relative_to(root): text
              for path, text in derive(root, state).items() if text != path.read_text()}
    for old in set(target.rglob("*.c")) - set(wanted):
        old.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    target.mkdir(parents=True, exist_ok=True)
    # Helpers are found beside a program: those of the build, and chapter 05's own image helper.
    libexec = target / "libexec/coracle"
    libexec.mkdir(parents=True, exist_ok=True)
    for helper in ("coracle-init", "coracle-seccomp", "coracle-image"):
        link = libexec / helper
        if not link.exists() and not link.is_symlink() and (helper, step[0]) != ("coracle-image", "5"):
            link.symlink_to(f"../../../../libexec/coracle/{helper}")

def build(root, wanted, also=()):
    """Builds build/STATE/NN-chapter for each state; returns make's status. One make, so that it knows its jobs."""
    if not wanted:
        return 0
    (root / "build").mkdir(exist_ok=True)
    with open(root / "build/steps.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would write the same files
        for state in wanted:
            write(root, state)
        # Not as a child of the make that runs the tests: it has its own jobs, and lends none.
        env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        make = ["make", "-s", f"-j{os.cpu_count()}"]
        # One after the other: they share the chapters' objects.
        if also and subprocess.run([*make, *also], cwd=root, env=env, check=False).returncode:
            return 1
        return subprocess.run([*make, "states", f"STATES={' '.join(wanted)}"], cwd=root, env=env, check=False).returncode



def faults_of(lesson, root, chapter):
    """(line, fault) for each step that the lesson doesn't show: under a heading, with what is seen without it."""
    headings = [line for _, line in lesson.prose if line.startswith("#")]
    commands = [line for block in lesson.blocks if block.language == "console" for line in block.lines]
    for step in steps_of(root, chapter):
        if not any(re.search(rf"(?<![\d.]){re.escape(step)}(?![\d.])", heading) for heading in headings):
            yield 1, f"no heading for the step {step}, which is marked in the source"
        if not any(f"build/without/{step}/" in line for line in commands):
            yield 1, f"no transcript shows what is seen without the step {step}: build/without/{step}/…"
