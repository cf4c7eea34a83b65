// Slack's mrkdwn → nodes (see prose.js for their shapes). Pure, and linear in the length of the text but for nesting.
// docs.slack.dev/messaging/formatting-message-text

import { readAngle, unescape } from "./angle.js";

const STYLES = { "*": "bold", _: "italic", "~": "strike" };
const WORD = /[\p{L}\p{N}]/u;
const EMOJI = /:([a-z0-9_+'-]{1,60}):(?::skin-tone-[2-6]:)?/y;
const ADDRESS = /https?:\/\/[^\s<>|*`]+/y;

/**
 * @param {string} text
 * @returns {object[]} block nodes
 */
export function parseMrkdwn(text) {
  const nodes = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("```", at);
    const close = open < 0 ? -1 : text.indexOf("```", open + 3);
    if (close < 0) break;
    nodes.push(...parseLines(text.slice(at, open).replace(/\n$/, "")));
    nodes.push({ type: "code", lang: null, text: plain(text.slice(open + 3, close).replace(/^\n/, "").replace(/\n$/, "")) });
    at = close + 3;
    if (text[at] === "\n") at += 1;
  }
  nodes.push(...parseLines(text.slice(at)));
  return nodes;
}

/** The text as plain characters: styles kept as typed, links by their labels. For code and for previews. */
export function plain(text) {
  return unescape(text.replace(/<([^<>\n]{1,3000})>/g, (whole, inside) => flat(readAngle(inside)) ?? whole));
}

function flat(node) {
  if (node === null) return null;
  if (node.type === "link") return node.children[0].text;
  if (node.type === "text") return node.text;
  if (node.type === "date") return node.fallback;
  return node.type === "broadcast" ? `@${node.range}` : node.label && `${node.type === "channel" ? "#" : "@"}${node.label}`;
}

function parseLines(text) {
  if (text.trim() === "") return [];
  const nodes = [];
  let run = [];
  let quoting = false;
  const flush = () => {
    const body = run.join("\n");
    if (run.length > 0 && (quoting || body.trim() !== "")) nodes.push(quoting ? quote(body) : paragraph(body));
    run = [];
  };
  for (const line of text.split("\n")) {
    const mark = /^(?:>|&gt;) ?/.exec(line);
    if (Boolean(mark) !== quoting) flush();
    quoting = Boolean(mark);
    run.push(mark ? line.slice(mark[0].length) : line);
  }
  flush();
  return nodes;
}

function paragraph(text) {
  return { type: "paragraph", children: parseInline(text, "") };
}

function quote(text) {
  return { type: "quote", children: [paragraph(text)] };
}

/** Inline nodes; `active` holds the style marks that are already open around this text. */
function parseInline(text, active) {
  const nodes = [];
  const exhausted = {}; // mark → end of the line on which it is known to have no closing partner
  let from = 0;
  let at = 0;
  const take = (node, end) => {
    if (at > from) nodes.push({ type: "text", text: unescape(text.slice(from, at)) });
    nodes.push(node);
    at = end;
    from = end;
  };
  while (at < text.length) {
    const mark = text[at];
    if (mark === "\n") take({ type: "break" }, at + 1);
    else if (mark === "<") {
      const end = text.indexOf(">", at);
      const node = end < 0 ? null : readAngle(text.slice(at + 1, end));
      if (node) take(node, end + 1);
      else at += 1;
    } else if (mark === "`") {
      const end = codeEnd(text, at);
      if (end > 0) take({ type: "code_span", text: plain(text.slice(at + 1, end)) }, end + 1);
      else at += 1;
    } else if (Object.hasOwn(STYLES, mark) && !active.includes(mark) && opens(text, at) && !(exhausted[mark] > at)) {
      const end = closing(text, at, mark);
      if (end.found) take({ type: STYLES[mark], children: parseInline(text.slice(at + 1, end.at), active + mark) }, end.at + 1);
      else {
        exhausted[mark] = end.at;
        at += 1;
      }
    } else if (mark === ":" || mark === "h") {
      const [node, end] = (mark === ":" ? readEmoji : readAddress)(text, at);
      if (node) take(node, end);
      else at += 1;
    } else at += 1;
  }
  if (at > from) nodes.push({ type: "text", text: unescape(text.slice(from, at)) });
  return nodes;
}

function codeEnd(text, at) {
  const end = text.indexOf("`", at + 1);
  return end > at + 1 && !text.slice(at, end).includes("\n") ? end : -1;
}

function opens(text, at) {
  const before = text[at - 1];
  const after = text[at + 1];
  return (before === undefined || !WORD.test(before)) && after !== undefined && !/\s/.test(after) && after !== text[at];
}

/** Where the mark closes on this line, stepping over code and links; else where the line ends. */
function closing(text, open, mark) {
  let at = open + 1;
  for (; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "<") at = skip(text, at, ">");
    else if (text[at] === "`" && mark !== "`") at = skip(text, at, "`");
    else if (text[at] === mark && at > open + 1 && !/\s/.test(text[at - 1]) && !WORD.test(text[at + 1] ?? " ")) return { found: true, at };
  }
  return { found: false, at };
}

function skip(text, at, end) {
  const found = text.indexOf(end, at + 1);
  const line = text.indexOf("\n", at);
  return found < 0 || (line >= 0 && line < found) ? at : found;
}

function readEmoji(text, at) {
  EMOJI.lastIndex = at;
  const [whole, name] = EMOJI.exec(text) ?? [];
  return whole ? [{ type: "emoji", name }, at + whole.length] : [null, at];
}

function readAddress(text, at) {
  if (at > 0 && WORD.test(text[at - 1])) return [null, at];
  ADDRESS.lastIndex = at;
  const [whole] = ADDRESS.exec(text) ?? [];
  if (!whole) return [null, at];
  const address = whole.replace(/[).,;:!?'"\]~_]+$/, "");
  const url = unescape(address);
  return [{ type: "link", url, children: [{ type: "text", text: url }] }, at + address.length];
}
