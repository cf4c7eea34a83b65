// Text objects: `plain_text` and `mrkdwn`.
// docs.slack.dev/reference/block-kit/composition-objects/text-object

import { el } from "./dom.js";
import { parseMrkdwn } from "./mrkdwn.js";
import { drawInline, drawPlain, drawProse } from "./prose.js";

/**
 * Draws a text object as text that flows: one paragraph without its frame where that is all there is.
 * @param {{type: string, text: string}|undefined} object
 * @param {import("./prose.js").Names} names
 * @returns {Node}
 */
export function drawText(object, names) {
  if (object?.type !== "mrkdwn") return drawPlain(String(object?.text ?? ""));
  const nodes = parseMrkdwn(object.text ?? "");
  if (nodes.length === 1 && nodes[0].type === "paragraph") return drawInline(nodes[0].children, names);
  return drawProse(nodes, names);
}

/** Draws a text object as a block of prose. */
export function drawProseText(object, names) {
  if (object?.type === "mrkdwn") return el("div", { class: "prose" }, drawProse(parseMrkdwn(object.text ?? ""), names));
  return el("div", { class: "prose" }, el("p", {}, drawPlain(String(object?.text ?? ""))));
}
