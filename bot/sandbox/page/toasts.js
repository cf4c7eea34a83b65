// Toasts: what the sandbox has to say about its own doing, for a few seconds at the bottom of the window.

import { el } from "./dom.js";
import { icon } from "./icons.js";

const STAY = { info: 5000, warning: 8000, error: 10000 }; // ms
const MOST = 4; // shown at once
const ICONS = { info: "info", warning: "alert", error: "alert" };

/** The toasts of the page. */
export class Toasts {
  #root;

  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {"info"|"warning"|"error"} level
   * @param {string} text the same text as the newest toast is counted, not stacked
   */
  show(level, text) {
    const last = this.#root.lastElementChild;
    if (last?.dataset.text === text) {
      last.count += 1;
      last.querySelector(".toast-count").textContent = `×${last.count}`;
      this.#stay(last, level);
      return;
    }
    const hold = { onmouseenter: () => clearTimeout(toast.timer), onmouseleave: () => this.#stay(toast, level) };
    const toast = el("div", { class: `toast toast-${level}`, dataset: { text }, ...hold }, icon(ICONS[level] ?? "info"),
      el("span", { class: "toast-text" }, text), el("span", { class: "toast-count" }),
      el("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => toast.remove() }, icon("close")));
    toast.count = 1;
    this.#root.append(toast);
    while (this.#root.childElementCount > MOST) this.#root.firstElementChild.remove();
    this.#stay(toast, level);
  }

  #stay(toast, level) {
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => toast.remove(), STAY[level] ?? STAY.info);
  }
}
