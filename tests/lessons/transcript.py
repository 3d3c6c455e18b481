"""Transcripts: the commands of a console block are run, and their output is compared.

    ```console
    # build/02-namespaces --rootfs /tmp/root --hostname boat -- hostname
    boat
    ```

The first line's prompt, "$ " or "# ", is the block's prompt: each line that begins with it is a
command (by root, either way; `sudo` does nothing), and what follows is its output, standard error
included. A command goes on in the next line after a backslash, or in lines that begin with "> ".
All blocks of a README are one shell session, in order, in tests/lessons/sandbox, which starts in the
top folder of the checkout. Standard input is empty.

Output is compared line by line after these replacements, on both sides; a "…" stands for anything
within a line, and a line that is only "…" for any number of lines:

    runs of spaces -> one       trailing spaces, colours -> nothing
    64 or 12 hex digits -> ID   MAC addresses -> MAC     user:[4026531837] -> user:[INODE]
    veth1a2b3c4 -> vethID       eth0@if7 -> eth0@ifN     tmp.a8F3kx2Lqz (mktemp) -> tmp.NAME
    dates, 12:34:56, 3.4 ms, 12 us, "5 seconds ago" -> TIME
    12.5 kB, 4.0K, 3 MiB, 17 bytes, the size and date in `ls -l` -> SIZE, TIME
    IPv4 addresses but 127.x and 0.0.0.0, fe80::… -> ADDR      ADDR:5000 -> ADDR:PORT
    process ids above 1: after "pid", "kill", "-t", "netns", "[1]", in /proc/N, written to cgroup.procs,
    and in a table's PID and PPID columns -> PID
"""

import os
import re
import selectors
import signal
import subprocess
import time
from pathlib import Path

MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
PID = r"(?:[2-9]|[1-9]\d+)\b"
REPLACEMENTS = [
    (re.compile(regex), text)
    for regex, text in [
        (r"\x1b\[[0-9;?]*[A-Za-z]|\r", ""),
        (r"[ \t]+", " "),
        (r"^ | $", ""),
        (r"\b[0-9a-f]{64}\b", "ID"),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
        (r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b", "ID"),
        (r"\bveth[0-9a-f]{4,}\b", "vethID"),
        (r"\btmp\.\w{6,}", "tmp.NAME"),
        (r"@if\d+", "@ifN"),
        (r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", "MAC"),
        (r"\b(cgroup|ipc|mnt|net|pid|time|user|uts):\[\d+\]", r"\1:[INODE]"),
        (r"\b(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b", "ADDR"),
        (r"\bfe80::[0-9a-f:]+", "ADDR"),
        (r"((?:ADDR|127\.0\.0\.1|localhost)):\d+\b", r"\1:PORT"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: ?(?:Z\b|[+-]\d\d:?\d\d))?)?", "TIME"),
        (rf"\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:{MONTH} \d+|\d+ {MONTH})"
         r"(?: \d\d:\d\d(?::\d\d)?(?: [AP]M)?(?: UTC)?)?(?: \d{4}\b)?", "TIME"),
        (r"\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b(?![.:]\d)", "TIME"),
        (r"(?i)\b(?:less than |about )?(?:an?|\d+) (?:second|minute|hour|day|week)s?\b", "TIME"),
        (r"\b\d+(?:\.\d+)? ?(?:ns|us|µs|μs|ms|s)\b", "TIME"),
        (r"^([-dlbcps][-rwxsStT]{9})([.+]?) \d+ (\S+) (\S+) \d+ ", r"\1\2 N \3 \4 SIZE "),
        (r"\b\d+(?:\.\d+)? ?(?:[kKMGT]i?B|[KMGT]|bytes|B)\b", "SIZE"),
        (rf"/proc/{PID}", "/proc/PID"),
        (rf"(?i)\b(pids?|ppid|process|netns|--target)([ =:]+){PID}", r"\1\2PID"),
        (rf"(\s-t ?|\bkill (?:-\S+ )*){PID}", r"\1PID"),
        (rf"\becho {PID}(?= ?>+ ?\S*(?:cgroup\.procs|tasks)\b)", "echo PID"),
        (rf"^(\[\d+\][+-]?) {PID}", r"\1 PID"),
    ]
]
ANY = "…"
REGISTRY_START = """
    made=$(mktemp -d) && export REGISTRY=$(tests/lib/registry start $made/registry) &&
    tests/lib/make-test-image busybox $made/layout busybox >/dev/null &&
    tests/lib/make-test-image push $made/layout busybox $REGISTRY/busybox >/dev/null ||
    echo "no registry"
"""


class Fault(Exception):
    """A block that is not a transcript, or a session that ended."""


class Step:
    def __init__(self, line, command):
        self.line, self.command, self.expected = line, command, []


def parse(block):
    """The steps of a block: each command with the output that is written below it."""
    prompt = block.lines[0][:2] if block.lines else ""
    if prompt not in ("$ ", "# "):
        raise Fault('a transcript begins with a command, behind "$ " or "# "')
    steps, goes_on = [], False
    for number, line in enumerate(block.lines, block.line + 1):
        if goes_on or (steps and not steps[-1].expected and line.startswith("> ")):
            steps[-1].command += "\n" + (line[2:] if line.startswith("> ") else line)
        elif line.startswith(prompt):
            steps.append(Step(number, line[2:]))
        else:
            steps[-1].expected.append(line)
            continue
        goes_on = line.endswith("\\")
    for step in steps:
        drop_blank_end(step.expected)
    return steps


def host_is_v2():
    kind = subprocess.run(["stat", "-f", "-c", "%T", "/sys/fs/cgroup"], stdout=subprocess.PIPE, check=False)
    return kind.stdout.strip() == b"cgroup2fs"


def other_version(block):
    """The version of cgroups that a block needs and this host has not; None if it can be run."""
    version = "v2" if host_is_v2() else "v1"
    for other in {"v1", "v2"} - {version}:
        if other in block.attributes and version not in block.attributes:
            return other
    return None


def use_registry(blocks):
    return any("$REGISTRY" in line for block in blocks for line in block.lines)


def drop_blank_end(lines):
    while lines and not lines[-1].strip():
        lines.pop()


def normalise(lines):
    result, columns = [], []
    for line in lines:
        for regex, text in REPLACEMENTS:
            line = regex.sub(text, line)
        words = line.split(" ")
        if "PID" in words and any(w.isupper() and w != "PID" for w in words):
            columns = [i for i, word in enumerate(words) if word in ("PID", "PPID")]
        else:
            for i in columns:
                if i < len(words) and re.fullmatch(PID, words[i]):
                    words[i] = "PID"
        result.append(" ".join(words))
    return result


def matches(expected, actual):
    """Whether the output is as expected, both already normalised."""
    regex = ""
    for line in expected:
        if line == ANY:
            regex += r"(?:[^\n]*\n)*?"
        else:
            regex += r"[^\n]*".join(re.escape(part) for part in line.split(ANY)) + r"\n"
    return re.fullmatch(regex, "".join(line + "\n" for line in actual)) is not None


def as_expected(expected, actual):
    """The actual lines, each in the expected words where these match it: so a diff shows only what differs."""
    pairs = list(zip(normalise(expected), expected))
    result = []
    for line, plain in zip(actual, normalise(actual)):
        found = [raw for pattern, raw in pairs if pattern != ANY and matches([pattern], [plain])]
        result.append(found[0] if found else line)
    return result


class Session:
    """A shell in the sandbox."""

    PRELUDE = """
        set +m; export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        export HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TERM=dumb COLUMNS=200
        unset TMPDIR OLDPWD MAKEFLAGS MFLAGS MAKELEVEL; sudo() { "$@"; }
    """

    def __init__(self, root, timeout_s):
        self.timeout_s, self.mark = timeout_s, f"@{os.urandom(8).hex()}"
        self.shell = subprocess.Popen(
            [Path(__file__).with_name("sandbox"), "bash", "--norc", "--noprofile"], cwd=root,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.run(self.PRELUDE)

    def run(self, command):
        """The lines that the command prints. A command that takes too long ends the session."""
        quoted = "'" + command.replace("'", "'\\''") + "'"
        # The status is kept for the next command's $?.
        line = f"eval {quoted} </dev/null; (r=$?; printf '\\n{self.mark}\\n'; exit $r)\n"
        try:
            self.shell.stdin.write(line.encode())
            self.shell.stdin.flush()
        except BrokenPipeError:
            raise Fault("the session has ended") from None
        lines = self.read_to_mark().decode(errors="replace").split("\n")
        drop_blank_end(lines)
        return lines

    def start_registry(self):
        """Sets $REGISTRY to one on the loopback interface, that serves busybox."""
        said = self.run(REGISTRY_START)
        if "no registry" in said:
            raise Fault("start the registry: " + " ".join(said))

    def read_to_mark(self):
        output, end = b"", f"\n{self.mark}\n".encode()
        deadline = time.monotonic() + self.timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self.shell.stdout, selectors.EVENT_READ)
            while end not in output:
                if not selector.select(max(0, deadline - time.monotonic())):
                    self.close()
                    raise Fault(f"no end after {self.timeout_s} s; so far:\n{output.decode(errors='replace')}")
                some = os.read(self.shell.stdout.fileno(), 65536)
                if not some:
                    raise Fault(f"the session ended:\n{output.decode(errors='replace')}")
                output += some
        return output[: output.index(end)]

    def close(self):
        if self.shell.poll() is None:
            self.shell.send_signal(signal.SIGTERM)
        self.shell.stdin.close()
        self.shell.stdout.close()
        self.shell.wait()
