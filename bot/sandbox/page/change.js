// The one thing every input does when its value changes: remember it, and tell the app if the block says so.

import { askConfirm } from "./dialog.js";

/**
 * Remembers a value and, where the element stands on its own (or its input block dispatches), sends it to the app.
 * @param {object} element
 * @param {import("./elements.js").Slot} slot
 * @param {import("./surface.js").Surface} surface
 * @param {object} value in Slack's shape, e.g. {selected_date: "2026-11-23"}
 */
export async function changed(element, slot, surface, value) {
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...value });
  if (slot.dispatches) await dispatch(element, slot, surface, value);
}

/** Sends an action to the app, after asking if the element wants that. */
export async function dispatch(element, slot, surface, value) {
  if (element.confirm && !(await askConfirm(element.confirm))) return;
  await surface.act({ block_id: slot.blockId, action_id: element.action_id, type: element.type, ...value });
}
