// Standard Markdown, as Slack's `markdown` block takes it → nodes (see prose.js). Blocks here, inline text in inline.js. Pure.
// docs.slack.dev/reference/block-kit/blocks/markdown-block, spec.commonmark.org, github.github.com/gfm (tables, task lists)

import { parseInline } from "./inline.js";

const DEEPEST = 12; // quotes and lists nested further are read as text
const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`\s]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^([ \t]*)([-*+•]|\d{1,9}[.)])([ \t]+|$)(.*)$/;
const ALIGNMENTS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/**
 * @param {string} text
 * @returns {object[]} block nodes
 */
export function parseMarkdown(text) {
  return parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}

function parseBlocks(lines, depth) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const read = READERS.find((reader) => reader.starts(lines, at) && (depth < DEEPEST || !reader.nests)) ?? PARAGRAPH;
    const [node, next] = read.take(lines, at, depth);
    nodes.push(node);
    at = next;
  }
  return nodes;
}

const READERS = [
  { starts: (lines, at) => FENCE.test(lines[at]), take: takeFence },
  { starts: (lines, at) => HEADING.test(lines[at]), take: takeHeading },
  { starts: (lines, at) => RULE.test(lines[at]), take: (lines, at) => [{ type: "rule" }, at + 1] },
  { starts: (lines, at) => QUOTE.test(lines[at]), take: takeQuote, nests: true },
  { starts: (lines, at) => ITEM.test(lines[at]), take: takeList, nests: true },
  { starts: startsTable, take: takeTable },
];
const PARAGRAPH = { take: takeParagraph };

function interrupts(lines, at) {
  return READERS.some((reader) => reader.starts(lines, at));
}

function takeFence(lines, start) {
  const [, indent, fence, lang] = FENCE.exec(lines[start]);
  const body = [];
  let at = start + 1;
  for (; at < lines.length; at += 1) {
    const line = lines[at].trim();
    if (line.length >= fence.length && line[0] === fence[0] && line === fence[0].repeat(line.length)) break;
    body.push(lines[at].slice(Math.min(indent.length, lines[at].search(/\S|$/))));
  }
  return [{ type: "code", lang: lang || null, text: body.join("\n") }, at + 1];
}

function takeHeading(lines, at) {
  const [, marks, title = ""] = HEADING.exec(lines[at]);
  const bare = title.trim();
  const cut = bare.length - (/#+$/.exec(bare)?.[0].length ?? 0);
  const text = cut < bare.length && (cut === 0 || /\s/.test(bare[cut - 1])) ? bare.slice(0, cut) : bare;
  return [{ type: "heading", level: marks.length, children: parseInline(text.trim()) }, at + 1];
}

function takeQuote(lines, start, depth) {
  const body = [];
  let at = start;
  for (; at < lines.length && lines[at].trim() !== ""; at += 1) {
    if (!QUOTE.test(lines[at]) && interrupts(lines, at)) break;
    body.push(lines[at].replace(QUOTE, ""));
  }
  return [{ type: "quote", children: parseBlocks(body, depth + 1) }, at];
}

function takeList(lines, start, depth) {
  const [, indent, marker] = ITEM.exec(lines[start]);
  const ordered = /\d/.test(marker);
  const sign = marker.at(-1); // another sign begins another list
  const items = [];
  let loose = false;
  let at = start;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (!item || item[1].length > indent.length + 1 || item[2].at(-1) !== sign || RULE.test(lines[at])) break;
    const [body, next] = itemLines(lines, at, item);
    const gap = lines[next - 1].trim() === "" && next < lines.length;
    loose ||= body.some((line, index) => line.trim() === "" && index < body.length - 1);
    items.push(readItem(body, depth));
    at = next;
    const after = gap ? ITEM.exec(lines[at]) : null;
    if (gap && !after) break;
    loose ||= after?.[2].at(-1) === sign;
  }
  return [{ type: "list", ordered, start: ordered ? Number.parseInt(marker, 10) : null, loose, items }, at];
}

/** The lines of one item, without its marker and indentation, and where the next thing begins. */
function itemLines(lines, start, [, indent, marker, gap, first]) {
  const content = indent.length + marker.length + Math.min(gap.length || 1, 4);
  const body = [first];
  let at = start + 1;
  for (; at < lines.length; at += 1) {
    const line = lines[at];
    const depth = line.search(/\S|$/);
    if (line.trim() === "") {
      const after = lines.slice(at + 1).find((next) => next.trim() !== "");
      if (after === undefined || after.search(/\S/) < indent.length + 2) return [body, endOfGap(lines, at)];
    } else if (depth < indent.length + 2 && interrupts(lines, at)) break;
    body.push(line.slice(Math.min(depth, content)));
  }
  return [body, at];
}

function endOfGap(lines, at) {
  let next = at;
  while (next < lines.length && lines[next].trim() === "") next += 1;
  return next;
}

function readItem(body, depth) {
  const task = /^\[([ xX])\][ \t]+/.exec(body[0]);
  const lines = task ? [body[0].slice(task[0].length), ...body.slice(1)] : body;
  return { checked: task ? task[1] !== " " : null, children: parseBlocks(lines, depth + 1) };
}

function startsTable(lines, at) {
  return at + 1 < lines.length && lines[at].includes("|") && lines[at + 1].includes("-") && ALIGNMENTS.test(lines[at + 1]) &&
    cells(lines[at]).length === cells(lines[at + 1]).length;
}

function takeTable(lines, start) {
  const header = cells(lines[start]);
  const align = cells(lines[start + 1]).map(alignment);
  const rows = [];
  let at = start + 2;
  for (; at < lines.length && lines[at].trim() !== "" && lines[at].includes("|"); at += 1) {
    const row = cells(lines[at]);
    rows.push(header.map((_, column) => parseInline(row[column] ?? "")));
  }
  return [{ type: "table", align, header: header.map(parseInline), rows }, at];
}

function alignment(cell) {
  if (cell.endsWith(":")) return cell.startsWith(":") ? "center" : "right";
  return "left";
}

/** Splits a row at its bars, but not at `\|` nor inside code. */
function cells(line) {
  const row = line.trim().replace(/^\|/, "");
  const found = [];
  let cell = "";
  let code = false;
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] === "\\" && row[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (row[at] === "|" && !code) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (row[at] === "`" && (code || row.includes("`", at + 1))) code = !code;
      cell += row[at];
    }
  }
  return cell.trim() === "" ? found : [...found, cell.trim()];
}

function takeParagraph(lines, start) {
  const body = [lines[start].trim()];
  let at = start + 1;
  for (; at < lines.length && lines[at].trim() !== ""; at += 1) {
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(lines[at]);
    if (underline) {
      const level = underline[1][0] === "=" ? 1 : 2;
      return [{ type: "heading", level, children: parseInline(body.join("\n")) }, at + 1];
    }
    if (interrupts(lines, at)) break;
    body.push(lines[at].trim());
  }
  return [{ type: "paragraph", children: parseInline(body.join("\n")) }, at];
}
