// Blocks → DOM, one function per type; the table at the end names them all.
// docs.slack.dev/reference/block-kit/blocks

import { el, freshId } from "./dom.js";
import { drawElement, drawPicture, drawUnknown } from "./elements.js";
import { icon } from "./icons.js";
import { parseMarkdown } from "./markdown.js";
import { drawLink, drawPlain, drawProse, drawTable } from "./prose.js";
import { parseRichText } from "./richtext.js";
import { drawProseText, drawText } from "./text.js";

/**
 * Draws blocks in their order. A block that we do not know, or that is not what it claims, becomes a neutral note.
 * @param {object[]} blocks
 * @param {import("./surface.js").Surface} surface
 * @returns {HTMLElement}
 */
export function drawBlocks(blocks, surface) {
  const list = Array.isArray(blocks) ? blocks : [];
  return el("div", { class: "blocks" }, list.map((block, index) => drawBlock(block, index, surface)));
}

function drawBlock(block, index, surface) {
  const draw = Object.hasOwn(BLOCKS, block?.type ?? "") ? BLOCKS[block.type] : null;
  let inside;
  try {
    inside = draw ? draw(block, block.block_id ?? `block-${index}`, surface) : drawUnknown(block?.type, "block");
  } catch (error) {
    console.warn("a block could not be drawn", block, error);
    inside = drawUnknown(block?.type, "block");
  }
  return el("div", { class: `block block-${draw ? block.type : "unknown"}`, dataset: { block: block?.block_id ?? "" } }, inside);
}

function drawSection(block, blockId, surface) {
  const label = block.text?.text?.slice(0, 80);
  return [
    el("div", { class: "section-words" },
      block.text && drawProseText(block.text, surface.names),
      block.fields && el("div", { class: "fields" }, block.fields.map((field) => drawProseText(field, surface.names)))),
    block.accessory && el("div", { class: "accessory" }, drawElement(block.accessory, { blockId, dispatches: true, label }, surface)),
  ];
}

function drawContext(block, blockId, surface) {
  return (block.elements ?? []).map((element) =>
    element?.type === "image" ? drawPicture(element, "picture-tiny") : el("span", { class: "context-words" }, drawText(element, surface.names)));
}

function drawActions(block, blockId, surface) {
  return (block.elements ?? []).map((element) => drawElement(element, { blockId, dispatches: true }, surface));
}

function drawInput(block, blockId, surface) {
  const ids = { control: freshId("control"), hint: freshId("hint"), error: freshId("error") };
  const grouped = ["checkboxes", "radio_buttons"].includes(block.element?.type) || block.element?.type?.endsWith("_select");
  const label = block.label?.text ?? "";
  const slot = {
    blockId,
    dispatches: Boolean(block.dispatch_action),
    label,
    controlId: grouped ? undefined : ids.control,
    describedBy: [block.hint && ids.hint, ids.error].filter(Boolean).join(" "),
  };
  return [
    el(grouped ? "span" : "label", { class: "label", for: grouped ? null : ids.control }, drawPlain(label), block.optional && el("span", { class: "label-optional" }, "optional")),
    drawElement(block.element, slot, surface),
    block.hint && el("p", { class: "hint", id: ids.hint }, drawPlain(block.hint.text ?? "")),
    el("p", { class: "input-error", id: ids.error, role: "alert", hidden: true }),
  ];
}

function drawImage(block, blockId, surface) {
  return el("figure", { class: "image" }, block.title && el("figcaption", {}, drawText(block.title, surface.names)), drawPicture(block, "picture-full"));
}

function drawTableBlock(block, blockId, surface) {
  const rows = (block.rows ?? []).map((row) => row.map((cell) => drawCell(cell, surface)));
  const align = (block.column_settings ?? []).map((column) => column?.align ?? "left");
  return drawTable(rows[0] ?? [], rows.slice(1), align);
}

function drawCell(cell, surface) {
  if (cell?.type !== "rich_text") return document.createTextNode(String(cell?.text ?? cell?.value ?? ""));
  return el("div", { class: "prose tight" }, drawProse(parseRichText(cell), surface.names));
}

function drawCard(block, blockId, surface) {
  const words = [
    block.title && el("div", { class: "card-title" }, drawText(block.title, surface.names)),
    block.subtitle && el("div", { class: "card-subtitle" }, drawText(block.subtitle, surface.names)),
    block.body && drawProseText(block.body, surface.names),
    block.actions && el("div", { class: "block-actions" }, drawActions({ elements: block.actions }, blockId, surface)),
  ];
  return el("div", { class: "card" }, block.hero_image && drawPicture(block.hero_image, "picture-full"),
    el("div", { class: "card-row" }, block.icon && drawPicture(block.icon, "picture-thumb"), el("div", { class: "card-words" }, words)));
}

const ALERTS = ["default", "info", "warning", "error", "success"];

function drawAlert(block, blockId, surface) {
  const level = ALERTS.includes(block.level) ? block.level : "default";
  const picture = { success: "check", warning: "alert", error: "alert" }[level] ?? "info";
  return el("div", { class: `alert alert-${level}`, role: "note" }, icon(picture), el("div", {}, drawProseText(block.text, surface.names)));
}

function drawTask(task, surface) {
  const status = ["pending", "in_progress", "complete", "error"].includes(task.status) ? task.status : "pending";
  const details = task.details ?? task.output;
  return el("div", { class: `task task-${status}` }, el("span", { class: "task-mark", role: "img", "aria-label": status.replace("_", " ") }),
    el("div", {}, el("div", { class: "task-title" }, String(task.title ?? "")), details?.type === "rich_text" && el("div", { class: "prose" }, drawProse(parseRichText(details), surface.names))));
}

const BLOCKS = {
  actions: drawActions,
  alert: drawAlert,
  card: drawCard,
  carousel: (block, blockId, surface) => el("div", { class: "carousel", tabindex: 0, role: "region", "aria-label": "Cards" }, (block.elements ?? []).map((card) => drawCard(card, blockId, surface))),
  context: drawContext,
  context_actions: drawActions,
  data_table: drawTableBlock,
  divider: () => el("hr"),
  file: (block) => [icon("file"), el("span", {}, `File ${block.external_id ?? ""}`)],
  header: (block) => el("p", { role: "heading", "aria-level": 4, class: "header" }, drawPlain(block.text?.text ?? "")),
  image: drawImage,
  input: drawInput,
  markdown: (block, blockId, surface) => el("div", { class: "prose" }, drawProse(parseMarkdown(String(block.text ?? "")), surface.names)),
  plan: (block, blockId, surface) => [el("div", { class: "card-title" }, String(block.title?.text ?? block.title ?? "")), (block.tasks ?? []).map((task) => drawTask(task, surface))],
  rich_text: (block, blockId, surface) => el("div", { class: "prose" }, drawProse(parseRichText(block), surface.names)),
  section: drawSection,
  table: drawTableBlock,
  task_card: (block, blockId, surface) => drawTask(block, surface),
  video: (block, blockId, surface) => el("div", { class: "card" }, el("div", { class: "card-words" }, drawLink(block.title_url ?? block.video_url, drawText(block.title, surface.names)), block.description && drawProseText(block.description, surface.names))),
};
