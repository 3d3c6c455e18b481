"""A lesson as the checker sees it: its fenced blocks, and the text outside them."""

import os
import re
from pathlib import Path

QUOTE = re.compile(r"(> ?)?")  # a box, which may have blocks in it
FENCE = re.compile(r"^(`{3,}|~{3,})\s*([\w+-]*)\s*(.*)$")
# name="some words", name=/regex/,/regex/, name=word, or a bare word
ATTRIBUTE = re.compile(r'(\w+)=("[^"]*"|/(?:\\.|[^/\\])*/,/(?:\\.|[^/\\])*/|\S+)|(\S+)')
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


class Block:
    """A fenced block. `line` is the fence's; `lines` is what stands between the fences."""

    def __init__(self, line, language, attributes):
        self.line, self.language, self.lines = line, language, []
        self.attributes = {}
        for match in ATTRIBUTE.finditer(attributes):
            name, value, flag = match.groups()
            self.attributes[flag or name] = True if flag else value.strip('"')


class Lesson:
    def __init__(self, path, root):
        self.path, self.name = Path(path), os.path.relpath(path, root)
        self.lines = self.path.read_text().split("\n")
        self.blocks, self.prose = [], []  # prose: (line number, text)
        self.split()

    def split(self):
        block, fence, quote = None, "", ""
        for number, line in enumerate(self.lines, 1):
            if block is None:
                quote = QUOTE.match(line)[0]
            line = line.removeprefix(quote if line.startswith(quote) else quote.rstrip())
            match = FENCE.match(line)
            if block is None and match:
                block, fence = Block(number, match[2], match[3]), match[1]
            elif block is None:
                self.prose.append((number, line))
            elif match and match[1].startswith(fence) and not match[2] and not match[3]:
                self.blocks.append(block)
                block = None
            else:
                block.lines.append(line)
        if block is not None:
            raise ValueError(f"{self.name}:{block.line}: a fence that is never closed")

    def code_spans(self):
        """Each `span` of code in the prose, with its line number."""
        for number, line in self.prose:
            for match in CODE_SPAN.finditer(line):
                yield number, match[2].strip()

    def prose_without_code(self):
        for number, line in self.prose:
            yield number, CODE_SPAN.sub("", line)

    def anchors(self):
        """What a link's #part may be: headings as GitHub names them, and ids written by hand."""
        found = set()
        for _, line in self.prose:
            found.update(re.findall(r'<[^>]*\b(?:id|name)="([^"]+)"', line))
            heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
            if not heading:
                continue
            name = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            number = 0
            while (f"{name}-{number}" if number else name) in found:
                number += 1
            found.add(f"{name}-{number}" if number else name)
        return found

    def replace(self, block, lines):
        """Puts other lines into a block, in the file too. Blocks after it must be done before it."""
        self.put(block.line, len(block.lines), lines)

    def put(self, first, count, lines):
        """Puts other lines in place of `count` ones, in the file too."""
        self.lines[first : first + count] = lines
        self.path.write_text("\n".join(self.lines))
