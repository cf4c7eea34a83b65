// Dialogs: the browser's own <dialog>, which keeps the focus inside and listens to Escape, with our head and foot.

import { el, fill, freshId } from "./dom.js";
import { drawPlain } from "./prose.js";
import { icon } from "./icons.js";

/** A modal dialog with a title, a body that scrolls and a foot with buttons. */
export class Dialog {
  #onDismiss;

  /**
   * @param {() => void} onDismiss Escape, the cross or a click beside the dialog
   * @param {string} [className]
   */
  constructor(onDismiss, className = "") {
    const titleId = freshId("title");
    this.#onDismiss = onDismiss;
    this.title = el("h2", { id: titleId, class: "dialog-title" });
    this.lead = el("span", { class: "dialog-lead" });
    this.body = el("div", { class: "dialog-body" });
    this.foot = el("footer", { class: "dialog-foot" });
    const cross = el("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => this.#onDismiss() }, icon("close"));
    this.form = el("form", { class: "dialog-form", novalidate: true, method: "dialog" },
      el("header", { class: "dialog-head" }, this.lead, this.title, cross), this.body, this.foot);
    this.root = el("dialog", {
      class: `dialog ${className}`.trim(),
      "aria-labelledby": titleId,
      oncancel: (event) => {
        event.preventDefault();
        this.#onDismiss();
      },
      onmousedown: (event) => {
        if (event.target === this.root) this.#onDismiss();
      },
    }, this.form);
  }

  /** Shows the dialog above everything and remembers where the focus was. */
  open() {
    if (this.root.open) return;
    this.back = document.activeElement;
    document.body.append(this.root);
    this.root.showModal();
  }

  /** Removes the dialog and gives the focus back. */
  close() {
    this.root.close();
    this.root.remove();
    if (this.back?.isConnected) this.back.focus();
  }

  get isOpen() {
    return this.root.open;
  }
}

/**
 * Asks before something happens, as a Block Kit `confirm` object describes it.
 * @param {object} confirm {title, text, confirm, deny, style}
 * @returns {Promise<boolean>}
 */
export function askConfirm(confirm) {
  return new Promise((resolve) => {
    const finish = (answer) => {
      dialog.close();
      resolve(answer);
    };
    const dialog = new Dialog(() => finish(false), "dialog-small");
    const words = (part, otherwise) => drawPlain(part?.text ?? otherwise);
    fill(dialog.title, words(confirm.title, "Are you sure?"));
    fill(dialog.body, el("p", {}, words(confirm.text, "")));
    const yes = el("button", { type: "submit", class: `button ${confirm.style === "danger" ? "danger" : "primary"}`, autofocus: true }, words(confirm.confirm, "Yes"));
    fill(dialog.foot, el("button", { type: "button", class: "button", onclick: () => finish(false) }, words(confirm.deny, "Cancel")), yes);
    dialog.form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish(true);
    });
    dialog.open();
  });
}
