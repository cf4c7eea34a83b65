// A menu: a button that opens a short list of things to do (WAI-ARIA menu button pattern).

import { el } from "./dom.js";
import { openPopup } from "./popup.js";

/**
 * @typedef {object} MenuItem
 * @property {Node|string} label
 * @property {Node|string} [hint] a second line
 * @property {Node} [lead] a picture before the label
 * @property {boolean} [checked] makes it one of a set of choices
 * @property {() => void} run
 */

/**
 * Opens a menu at a button.
 * @param {HTMLElement} button
 * @param {MenuItem[]} items
 * @param {{label: string, alignEnd?: boolean}} options
 */
export function openMenu(button, items, { label, alignEnd = false }) {
  const rows = items.map((item) =>
    el("button", {
      type: "button",
      class: "menu-item",
      role: item.checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": item.checked === undefined ? null : String(item.checked),
      tabindex: -1,
      onclick: () => {
        popup.close();
        item.run();
      },
    }, item.lead, el("span", { class: "menu-words" }, el("span", { class: "menu-label" }, item.label), item.hint && el("span", { class: "menu-hint" }, item.hint))),
  );
  const list = el("div", { class: "menu", role: "menu", "aria-label": label, onkeydown: (event) => move(event, rows, () => popup.close()) }, rows);
  button.setAttribute("aria-expanded", "true");
  const popup = openPopup(button, list, {
    alignEnd,
    onClose: () => {
      button.setAttribute("aria-expanded", "false");
      if (document.activeElement === document.body || document.activeElement === null) button.focus();
    },
  });
  (rows.find((row) => row.getAttribute("aria-checked") === "true") ?? rows[0])?.focus();
}

function move(event, rows, close) {
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (event.key === "Tab") close();
  if (to === undefined) return;
  event.preventDefault();
  rows[(to + rows.length) % rows.length].focus();
}
