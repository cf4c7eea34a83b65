// Modals: the stack of views that the app has opened for this person. Only the top one shows.
// docs.slack.dev/surfaces/modals

import { drawBlocks } from "./blocks.js";
import { Dialog } from "./dialog.js";
import { el, fill } from "./dom.js";
import { checkInputs, Form } from "./form.js";
import { appPicture, icon } from "./icons.js";
import { drawPlain } from "./prose.js";
import { sayRefused } from "./refusal.js";
import { viewSurface } from "./surface.js";

/** The stack, shown in one dialog. */
export class Modals {
  #desk;
  #dialog;
  /** @type {{view: object, form: Form}[]} */
  #stack = [];
  #busy = false;

  constructor(desk) {
    this.#desk = desk;
    this.#dialog = new Dialog(() => this.#dismiss(this.#stack), "modal");
    this.#dialog.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Takes a view event of the live socket. */
  apply({ action, view }) {
    switch (action) {
      case "open":
        this.#stack = [{ view, form: new Form() }];
        return this.#show(true);
      case "push":
        this.#stack.push({ view, form: new Form() });
        return this.#show(true);
      case "update":
        return this.#update(view);
      case "close":
        this.#stack = view ? this.#stack.filter((entry) => entry.view.id !== view.id) : [];
        return this.#show(true);
      default:
        return undefined;
    }
  }

  /** Forgets all views without telling the app. */
  end() {
    this.#stack = [];
    this.#show(false);
  }

  #update(view) {
    const entry = this.#stack.find((other) => other.view.id === view.id);
    if (!entry) return;
    entry.view = view;
    entry.form.keep(new Set(view.blocks.map((block) => block.block_id)));
    if (entry === this.#stack.at(-1)) this.#show(false);
  }

  #show(fresh) {
    this.#setBusy(false);
    const entry = this.#stack.at(-1);
    if (!entry) {
      if (this.#dialog.isOpen) this.#dialog.close();
      return;
    }
    const { view, form } = entry;
    const focus = fresh ? null : this.#focusMark();
    const { lead, title, body, foot } = this.#dialog;
    const below = this.#stack.length > 1;
    fill(lead, below ? el("button", { type: "button", class: "icon-button", "aria-label": "Back", onclick: () => this.#dismiss([entry]) }, icon("arrow_left")) : el("span", { class: "avatar avatar-small avatar-app", "aria-hidden": "true" }, appPicture()));
    fill(title, drawPlain(view.title?.text ?? ""));
    fill(body, drawBlocks(view.blocks, viewSurface(this.#desk, view, form, this.#desk.current)));
    const submits = view.submit || view.blocks?.some((block) => block.type === "input");
    this.submit = submits && el("button", { type: "submit", class: "button primary" }, drawPlain(view.submit?.text ?? "Submit"));
    fill(foot, el("button", { type: "button", class: "button", onclick: () => this.#dismiss([entry]) }, drawPlain(view.close?.text ?? (submits ? "Cancel" : "Close"))), this.submit);
    this.#dialog.open();
    if (fresh) {
      body.scrollTop = 0;
      (body.querySelector("[autofocus]") ?? body.querySelector("input, textarea, button, a, [tabindex='0']") ?? foot.querySelector("button")).focus();
    } else this.#refocus(focus);
  }

  /** Where the focus is, in words that survive drawing again. */
  #focusMark() {
    const active = document.activeElement;
    const block = active?.closest?.(".block")?.dataset.block;
    if (!block || !this.#dialog.body.contains(active)) return null;
    const caret = "selectionStart" in active ? active.selectionStart : null;
    return { block, at: focusables(this.#blockNode(block)).indexOf(active), caret, scroll: this.#dialog.body.scrollTop };
  }

  #refocus(mark) {
    if (!mark) return;
    this.#dialog.body.scrollTop = mark.scroll;
    const node = focusables(this.#blockNode(mark.block))[mark.at];
    node?.focus({ preventScroll: true });
    if (node && mark.caret !== null && node.type === "text") node.setSelectionRange(mark.caret, mark.caret);
  }

  #blockNode(id) {
    return this.#dialog.body.querySelector(`[data-block="${CSS.escape(id)}"]`);
  }

  #setBusy(busy) {
    this.#busy = busy;
    if (this.submit) this.submit.setAttribute("aria-busy", String(busy));
  }

  async #submit() {
    const entry = this.#stack.at(-1);
    if (!entry || this.#busy || !this.submit) return;
    const faults = checkInputs(entry.view, entry.form);
    this.#showErrors(faults);
    if (Object.keys(faults).length > 0) return;
    this.#setBusy(true);
    try {
      // What happens to the view is told by the live socket: close, update, push or clear.
      await this.#desk.api.post("submit", { view_id: entry.view.id, state: entry.form.state });
    } catch (error) {
      if (error.answer?.errors) this.#showErrors(error.answer.errors);
      else sayRefused(this.#desk, "This could not be submitted", error);
    } finally {
      this.#setBusy(false);
    }
  }

  #showErrors(errors) {
    let first = null;
    for (const node of this.#dialog.body.querySelectorAll(".block-input")) {
      const text = errors[node.dataset.block];
      const note = node.querySelector(".input-error");
      const controls = focusables(node);
      fill(note, text && [icon("alert"), el("span", {}, text)]);
      note.hidden = !text;
      node.classList.toggle("faulty", Boolean(text));
      for (const control of controls) {
        if (text) control.setAttribute("aria-invalid", "true");
        else control.removeAttribute("aria-invalid");
      }
      if (text) first ??= controls[0];
    }
    first?.focus();
  }

  /** Closes views at the person's wish, topmost first, and tells the app. */
  #dismiss(entries) {
    const top = this.#stack.at(-1);
    const gone = top?.view.clear_on_close ? [...this.#stack] : [...entries];
    this.#stack = this.#stack.filter((entry) => !gone.includes(entry));
    this.#show(true);
    for (const { view } of gone.reverse()) {
      this.#desk.api.post("close", { view_id: view.id }).catch((error) => sayRefused(this.#desk, "The app was not told that you closed this", error));
    }
  }
}

function focusables(node) {
  return [...(node?.querySelectorAll("input, textarea, button, a[href]") ?? [])];
}
