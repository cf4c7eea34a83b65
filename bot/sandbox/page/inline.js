// Markdown inside a line → inline nodes (see prose.js). Pure. Emphasis follows CommonMark's delimiter runs
// (spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis), with two habits of Slack: a line break in the source is a line
// break on the screen, and Slack's own `<@U…>` and `:emoji:` work here too.

import { readAngle } from "./angle.js";

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const WORD = /[\p{L}\p{N}]/u;
const EMOJI = /:([a-z0-9_+'-]{1,60}):/y;
const ADDRESS = /https?:\/\/[^\s<>`]+/y;
const ENTITY = /&(amp|lt|gt|quot|apos|nbsp|#39);/y;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'" };
const ESCAPABLE = /[!-/:-@[-`{-~]/;

/**
 * @param {string} text
 * @returns {object[]} inline nodes
 */
export function parseInline(text) {
  const parts = [];
  const partner = brackets(text);
  let run = "";
  const add = (node) => {
    if (run) parts.push({ type: "text", text: run });
    run = "";
    parts.push(node);
  };
  for (let at = 0; at < text.length; ) {
    const read = READERS[text[at]];
    const [node, length] = read?.(text, at, partner) ?? [null, 0];
    if (node === null) {
      run += text[at];
      at += 1;
    } else {
      if (node.type === "text") run += node.text;
      else add(node);
      at += length;
    }
  }
  if (run) parts.push({ type: "text", text: run });
  return emphasise(parts);
}

/** Where each `[` closes, found in one pass so that a text of nothing but brackets costs no more than any other. */
function brackets(text) {
  const partner = new Map();
  const open = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") open.push(at);
    else if (text[at] === "]" && open.length > 0) partner.set(open.pop(), at);
  }
  return partner;
}

const READERS = {
  "\\": (text, at) => {
    if (text[at + 1] === "\n") return [{ type: "break" }, 2];
    return ESCAPABLE.test(text[at + 1] ?? "") ? [{ type: "text", text: text[at + 1] }, 2] : null;
  },
  "\n": () => [{ type: "break" }, 1],
  "`": readCode,
  "<": (text, at) => {
    const end = text.indexOf(">", at);
    if (end < 0 || end - at > 3000) return null;
    const inside = text.slice(at + 1, end);
    if (/^br ?\/?$/i.test(inside)) return [{ type: "break" }, end + 1 - at];
    const node = /\s/.test(inside) && !inside.includes("|") && !inside.startsWith("!") ? null : readAngle(inside);
    return node && [node, end + 1 - at];
  },
  "[": (text, at, partner) => readLink(text, at, partner),
  "!": (text, at, partner) => {
    if (text[at + 1] !== "[") return null;
    const link = readLink(text, at + 1, partner); // Slack shows the pictures of a markdown block as links
    return link && [link[0], link[1] + 1];
  },
  ":": (text, at) => {
    EMOJI.lastIndex = at;
    const [whole, name] = EMOJI.exec(text) ?? [];
    return whole ? [{ type: "emoji", name }, whole.length] : null;
  },
  "&": (text, at) => {
    ENTITY.lastIndex = at;
    const [whole, name] = ENTITY.exec(text) ?? [];
    return whole ? [{ type: "text", text: ENTITIES[name] }, whole.length] : null;
  },
  h: (text, at) => {
    if (at > 0 && WORD.test(text[at - 1])) return null;
    ADDRESS.lastIndex = at;
    const [whole] = ADDRESS.exec(text) ?? [];
    if (!whole) return null;
    const url = whole.replace(/[.,;:!?'"*_~\])]+$/, "");
    return [{ type: "link", url, children: [{ type: "text", text: url }] }, url.length];
  },
  "*": readRun,
  _: readRun,
  "~": readRun,
};

function readCode(text, at) {
  let length = 1;
  while (text[at + length] === "`") length += 1;
  const fence = "`".repeat(length);
  let end = text.indexOf(fence, at + length);
  while (end >= 0 && text[end + length] === "`") {
    let past = end + length;
    while (text[past] === "`") past += 1;
    end = text.indexOf(fence, past);
  }
  if (end < 0) return [{ type: "text", text: fence }, length];
  const body = text.slice(at + length, end).replaceAll("\n", " ");
  const padded = body.length > 2 && body.startsWith(" ") && body.endsWith(" ") && body.trim() !== "";
  return [{ type: "code_span", text: padded ? body.slice(1, -1) : body }, end + length - at];
}

function readLink(text, at, partner) {
  const close = partner.get(at);
  if (close === undefined || text[close + 1] !== "(") return null;
  const end = destinationEnd(text, close + 1);
  if (end < 0) return null;
  const [, address = ""] = /^\s*<?([^\s<>]*)/.exec(text.slice(close + 2, end)) ?? [];
  const label = text.slice(at + 1, close);
  return [{ type: "link", url: address, children: parseInline(label || address) }, end + 1 - at];
}

function destinationEnd(text, open) {
  let depth = 0;
  const limit = Math.min(text.length, open + 3000);
  for (let at = open; at < limit && text[at] !== "\n"; at += 1) {
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")") depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function readRun(text, at) {
  const mark = text[at];
  let length = 1;
  while (text[at + length] === mark) length += 1;
  if (mark === "~" && length !== 2) return [{ type: "text", text: mark.repeat(length) }, length];
  const before = text[at - 1] ?? " ";
  const after = text[at + length] ?? " ";
  const left = !SPACE.test(after) && (!PUNCTUATION.test(after) || SPACE.test(before) || PUNCTUATION.test(before));
  const right = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(after) || PUNCTUATION.test(after));
  const strict = mark === "_"; // not inside words: snake_case stays as it is
  return [
    {
      type: "run",
      mark,
      count: length,
      opens: left && (!strict || !right || PUNCTUATION.test(before)),
      closes: right && (!strict || !left || PUNCTUATION.test(after)),
    },
    length,
  ];
}

/** Pairs the delimiter runs; what finds no partner becomes text again. */
function emphasise(parts) {
  const done = [];
  const floor = { "*": 0, _: 0, "~": 0 }; // below it no opener is left, so that nobody searches there again
  for (const part of parts) {
    if (part.type === "run" && part.closes) close(done, part, floor);
    if (part.type !== "run" || part.count > 0) done.push(part);
  }
  return joined(done.map((part) => (part.type === "run" ? { type: "text", text: part.mark.repeat(part.count) } : part)));
}

function close(done, closer, floor) {
  for (let at = done.length - 1; closer.count > 0; at -= 1) {
    if (at < floor[closer.mark]) {
      floor[closer.mark] = done.length;
      return;
    }
    const opener = done[at];
    if (opener.type !== "run" || opener.mark !== closer.mark || !opener.opens || opener.count === 0) continue;
    const width = closer.mark === "~" ? 2 : Math.min(opener.count, closer.count, 2);
    const type = closer.mark === "~" ? "strike" : ["italic", "bold"][width - 1];
    const children = joined(done.splice(at + 1).map((part) => (part.type === "run" ? { type: "text", text: part.mark.repeat(part.count) } : part)));
    opener.count -= width;
    closer.count -= width;
    if (opener.count === 0) done.pop();
    done.push({ type, children });
    at = done.length; // the same opener may have marks left: ***both***
  }
}

/** Neighbouring texts as one. */
function joined(nodes) {
  const out = [];
  for (const node of nodes) {
    const last = out.at(-1);
    if (node.type === "text" && last?.type === "text") out[out.length - 1] = { type: "text", text: last.text + node.text };
    else out.push(node);
  }
  return out;
}
