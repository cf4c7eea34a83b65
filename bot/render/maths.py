r"""Maths as models write it, kept from Markdown: `\(a_b\)`, `\[a\]`, `$a$`, `$$a$$`, `\begin{align}` stay as written.

Two rules for markdown-it. Each looks a bounded way ahead, so that no text takes more than linear time; what has no end
there, or holds no letter or digit, is no maths. A price is none either: after `$5 and $` comes no closing dollar, for
that follows no blank and precedes no letter or digit (https://pandoc.org/MANUAL.html#extension-tex_math_dollars).
"""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

INLINE, BLOCK = "maths", "maths_block"
"""Types of the tokens; their content is what was written, delimiters and all."""

_FARTHEST = 2_000
_MOST_LINES = 100
_PAIRS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_MARKDOWN = ("`", "**")
"""What between single dollars tells that they are no maths."""
_ENDINGS = ".,;"


def maths(parser: MarkdownIt) -> None:
    """Teach the parser."""
    parser.inline.ruler.before("escape", INLINE, _inline)
    parser.block.ruler.before("fence", BLOCK, _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def _inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    if state.src[state.pos] not in "\\$":
        return False
    end = _end(state.src, state.pos, min(state.posMax, state.pos + _FARTHEST))
    if end == 0:
        return False
    if not silent:
        state.push(INLINE, "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _end(source: str, start: int, limit: int) -> int:
    """Where the maths that begins at `start` ends; 0 if none does."""
    opener = source[start : start + 2]
    if closer := _PAIRS.get(opener):
        found = source.find(closer, start + 2, limit)
        return found + 2 if found > 0 and _says_something(source[start + 2 : found]) else 0
    before = source[start - 1 : start]
    if opener[0] != "$" or not opener[1:].strip() or before == "$" or before.isalnum():
        return 0
    found = source.find("$", start + 1, limit)
    while found > 0 and source[found - 1] == "\\":
        found = source.find("$", found + 1, limit)
    if found < 0 or source[found - 1].isspace() or source[found + 1 : found + 2].isalnum():
        return 0
    inner = source[start + 1 : found]
    return found + 1 if _says_something(inner) and not any(mark in inner for mark in _MARKDOWN) else 0


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    if state.is_code_block(first):
        return False
    begin = _line(state, first)
    closer = _closer(begin)
    if not closer:
        return False
    end = _last_line(state, first, min(last, first + _MOST_LINES), closer)
    if end < 0 or not _says_something(state.getLines(first, end + 1, 0, keepLastLF=False)):
        return False
    if not silent:
        token = state.push(BLOCK, "", 0)
        token.content = state.getLines(first, end + 1, state.blkIndent, keepLastLF=False)
        token.map = [first, end + 1]
        state.line = end + 1
    return True


def _closer(line: str) -> str:
    if line.startswith("\\begin{") and (close := line.find("}")) > 0:
        return f"\\end{{{line[7:close]}}}"
    return _PAIRS.get(line[:2], "") if line[:2] != "\\(" else ""


def _last_line(state: StateBlock, first: int, limit: int, closer: str) -> int:
    """The line that ends with the closer; -1 if none does before text, or the block around it, goes on otherwise."""
    for number in range(first, limit):
        line = _line(state, number)
        if number > first and line and state.sCount[number] < state.blkIndent:
            return -1
        at = line.find(closer, 2 if number == first else 0)
        if at >= 0:
            return number if not line[at + len(closer) :].strip(_ENDINGS) else -1
    return -1


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


def _says_something(text: str) -> bool:
    return any(letter.isalnum() for letter in text)
