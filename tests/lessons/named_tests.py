"""Tests that a table names: in a column with the heading "test", each cell holds the beginning of a test's name,
or several with <br> between them, and it must be the beginning of exactly one in tests/*.bats."""

import re


class Tests:
    def __init__(self, root):
        self.names = [name for path in sorted((root / "tests").glob("*.bats"))
                      for name in re.findall(r'^@test "(.*)" \{', path.read_text(), re.M)]

    def fault(self, beginning):
        found = [name for name in self.names if name.startswith(beginning)]
        if len(found) == 1 and beginning:
            return None
        return f"no test begins with '{beginning}'" if not found else f"{len(found)} tests begin with '{beginning}'"


def named(lesson):
    """(line, beginning) of each test that a table of the lesson names."""
    column = None
    for number, line in lesson.prose:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            column = cells.index("test") if "test" in cells else -1
        elif column >= 0 and not set(line) <= set("|-: "):
            for beginning in cells[column].split("<br>"):
                yield number, beginning.strip()
