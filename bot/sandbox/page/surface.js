// A surface is where blocks stand: a message, a modal or the Home tab. It says whom an action is told, and what has been filled in.

import { Form } from "./form.js";
import { sayRefused } from "./refusal.js";

/**
 * @typedef {object} Surface
 * @property {"message"|"view"|"home"} kind
 * @property {import("./store.js").Store} store
 * @property {import("./prose.js").Names} names
 * @property {Form} form
 * @property {string} [channel]
 * @property {(action: object) => Promise<void>} act tells the app what was pressed or chosen
 * @property {(blockId: string, actionId: string, search: string) => Promise<object>} options asks the app for choices
 *
 * @typedef {object} Desk what every part of the page works with
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {import("./toasts.js").Toasts} toasts
 * @property {import("./prose.js").Names} names
 * @property {(channel: string, rest?: string) => void} go shows a channel, or with `rest` a thread or tab of it
 */

/** Forms of messages outlive redrawing too; weakly, so that they go with their desk. */
const messageForms = new WeakMap();

function formOf(desk, key) {
  if (!messageForms.has(desk)) messageForms.set(desk, new Map());
  const forms = messageForms.get(desk);
  if (!forms.has(key)) forms.set(key, new Form());
  return forms.get(key);
}

/** @returns {Surface} */
export function messageSurface(desk, message) {
  const container = { type: "message", channel: message.channel, ts: message.ts, ...(message.ephemeral ? { ephemeral: true } : {}) };
  const query = { channel: message.channel, ts: message.ts };
  return { ...surface(desk, "message", container, query, () => formOf(desk, `${message.channel}/${message.ts}`)), channel: message.channel };
}

/** @returns {Surface} */
export function viewSurface(desk, view, form, channel) {
  return { ...surface(desk, "view", { type: "view", view_id: view.id }, { view_id: view.id }, () => form), channel };
}

/** @returns {Surface} */
export function homeSurface(desk, view, form) {
  return surface(desk, "home", { type: "home", view_id: view.id }, { view_id: view.id }, () => form);
}

function surface(desk, kind, container, query, form) {
  return {
    kind,
    store: desk.store,
    names: desk.names,
    get form() {
      return form();
    },
    async act(action) {
      try {
        await desk.api.post("action", { container, action, state: this.form.state });
      } catch (error) {
        sayRefused(desk, "The app did not take this", error);
      }
    },
    options(blockId, actionId, search) {
      return desk.api.get("options", { ...query, block_id: blockId, action_id: actionId, value: search });
    },
  };
}
