// Nodes → DOM. The one drawer for mrkdwn.js, markdown.js and richtext.js, which all speak these shapes:
//
//   blocks   paragraph{children} · heading{level, children} · quote{children} · code{lang, text} · rule
//            list{ordered, start, indent?, loose, items: [{checked, children}]} · table{align, header, rows}
//   inline   text{text} · break · code_span{text} · bold · italic · strike · underline {children} · link{url, children}
//            user{id, label} · channel{id, label} · group{id, label} · broadcast{range} · emoji{name, unicode?}
//            date{seconds, format, url, fallback}

import { el } from "./dom.js";
import { emoji, fromCodePoints } from "./emoji.js";
import { icon } from "./icons.js";
import { linkAddress } from "./links.js";
import { full, slackDate } from "./time.js";

/**
 * @typedef {object} Names what ids stand for
 * @property {(id: string) => {name: string, me: boolean}} user
 * @property {(id: string) => {name: string}} channel
 */

/**
 * Draws block nodes.
 * @param {object[]} nodes
 * @param {Names} names
 * @returns {DocumentFragment}
 */
export function drawProse(nodes, names) {
  return gather(nodes.map((node) => BLOCKS[node.type](node, names)));
}

/** Draws inline nodes. */
export function drawInline(nodes, names) {
  return gather(nodes.map((node) => INLINE[node.type](node, names)));
}

/** A `plain_text` object's text, with its emoji. */
export function drawPlain(text) {
  const parts = text.split(/:([a-z0-9_+'-]{1,60}):/);
  return gather(parts.map((part, index) => (index % 2 === 0 ? part : INLINE.emoji({ name: part }))));
}

function gather(children) {
  const fragment = document.createDocumentFragment();
  fragment.append(...children);
  return fragment;
}

const BLOCKS = {
  paragraph: (node, names) => el("p", {}, drawInline(node.children, names)),
  heading: (node, names) =>
    // Below the page's own headings; the level is kept for reading aloud.
    el("p", { role: "heading", "aria-level": Math.min(node.level + 3, 6), class: `heading heading-${node.level}` }, drawInline(node.children, names)),
  quote: (node, names) => el("blockquote", {}, drawProse(node.children, names)),
  code: (node) => drawCode(node),
  rule: () => el("hr"),
  list: drawList,
  table: (node, names) => drawTable(
    node.header.map((cell) => drawInline(cell, names)),
    node.rows.map((row) => row.map((cell) => drawInline(cell, names))),
    node.align,
  ),
};

const wrap = (tag, className) => (node, names) => el(tag, className ? { class: className } : {}, drawInline(node.children, names));

const INLINE = {
  text: (node) => document.createTextNode(node.text),
  break: () => el("br"),
  code_span: (node) => el("code", {}, node.text),
  bold: wrap("strong"),
  italic: wrap("em"),
  strike: wrap("s"),
  underline: wrap("span", "underline"),
  link: (node, names) => drawLink(node.url, drawInline(node.children, names)),
  user: (node, names) => {
    const user = names.user(node.id);
    return el("span", { class: user.me ? "mention mention-me" : "mention" }, `@${user.name ?? node.label ?? node.id}`);
  },
  channel: (node, names) => {
    const name = names.channel(node.id).name ?? node.label ?? node.id;
    return el("a", { class: "mention", href: `#${encodeURIComponent(node.id)}` }, `#${name}`);
  },
  group: (node) => el("span", { class: "mention" }, `@${(node.label ?? node.id).replace(/^@/, "")}`),
  broadcast: (node) => el("span", { class: "mention mention-me" }, `@${node.range}`),
  emoji: (node) => {
    const characters = fromCodePoints(node.unicode) ?? emoji(node.name);
    return characters ? el("span", { class: "emoji", role: "img", "aria-label": node.name, title: `:${node.name}:` }, characters) : document.createTextNode(`:${node.name}:`);
  },
  date: (node) => {
    const time = el("time", { title: full(node.seconds) }, slackDate(node.seconds, node.format, new Date()));
    return node.url ? drawLink(node.url, time) : time;
  },
};

/** A link that opens in a tab of its own; an address that must not be followed leaves its text behind. */
export function drawLink(address, children) {
  const href = linkAddress(address);
  if (href === null) return el("span", { class: "dead-link", title: "This address is not followed" }, children);
  return el("a", { class: "link", href, target: "_blank", rel: "noopener noreferrer", title: href }, children);
}

function drawCode(node) {
  const copy = el("button", { type: "button", class: "code-copy", "aria-label": "Copy code", onclick: () => copyCode(copy, node.text) }, icon("copy"));
  return el(
    "figure",
    { class: "code" },
    node.lang && el("figcaption", {}, node.lang),
    el("pre", { tabindex: 0 }, el("code", {}, node.text)),
    copy,
  );
}

async function copyCode(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.classList.add("done");
    button.replaceChildren(icon("check"));
  } catch {
    button.classList.add("refused"); // the browser forbids it; the text can still be selected
  }
}

function drawList(node, names) {
  const className = [node.loose ? "loose" : "tight", node.indent ? `indent-${Math.min(node.indent, 6)}` : ""].join(" ").trim();
  const start = node.start !== null && node.start !== 1 ? { start: node.start } : {};
  const items = node.items.map((item) =>
    item.checked === null
      ? el("li", {}, drawProse(item.children, names))
      : el("li", { class: "task" }, el("input", { type: "checkbox", checked: item.checked, disabled: true, "aria-label": item.checked ? "done" : "open" }), drawProse(item.children, names)),
  );
  return el(node.ordered ? "ol" : "ul", { class: className, ...start }, items);
}

/**
 * A table that scrolls sideways on its own when it is wide.
 * @param {Node[]|null} header
 * @param {Node[][]} rows
 * @param {string[]} align per column: left, center, right
 */
export function drawTable(header, rows, align) {
  const side = (column) => ({ class: `align-${["center", "right"].includes(align[column]) ? align[column] : "left"}` });
  const head = header && el("thead", {}, el("tr", {}, header.map((cell, column) => el("th", { scope: "col", ...side(column) }, cell))));
  const body = rows.map((row) => el("tr", {}, row.map((cell, column) => el("td", side(column), cell))));
  return el("div", { class: "table", role: "region", "aria-label": "Table", tabindex: 0 }, el("table", {}, head, el("tbody", {}, body)));
}
