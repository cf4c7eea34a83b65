// The page's own dialogs about channels: create one, add people to one.

import { avatar } from "./avatar.js";
import { Dialog } from "./dialog.js";
import { el, fill } from "./dom.js";
import { Picker } from "./picker.js";
import { explain, sayRefused } from "./refusal.js";

/** Asks for the name of a new channel and creates it. */
export function openNewChannel(desk) {
  const dialog = new Dialog(() => dialog.close(), "dialog-small");
  const name = el("input", { type: "text", class: "field", id: "new-channel-name", maxlength: 80, autocomplete: "off", placeholder: "e.g. fraud-alerts", "aria-describedby": "new-channel-error", autofocus: true });
  const hidden = el("input", { type: "checkbox" });
  const error = el("p", { class: "input-error", id: "new-channel-error", role: "alert", hidden: true });
  fill(dialog.title, "Create a channel");
  fill(dialog.body,
    el("div", { class: "block block-input" }, el("label", { class: "label", for: "new-channel-name" }, "Name"), name, error),
    el("label", { class: "choice" }, hidden, el("span", { class: "choice-words" }, el("span", {}, "Private"), el("span", { class: "choice-hint" }, "Only those who are invited see it."))));
  fill(dialog.foot, el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), el("button", { type: "submit", class: "button primary" }, "Create"));
  dialog.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = name.value.trim().toLowerCase().replace(/[\s.]+/g, "-").replace(/^#/, "");
    try {
      const { channel } = await desk.api.post("channels", { name: wanted, is_private: hidden.checked });
      desk.store.addChannel(channel);
      dialog.close();
      desk.go(channel.id);
    } catch (refusal) {
      if (refusal.code === undefined) throw refusal;
      error.textContent = wanted === "" ? "Please give the channel a name." : `This did not work: ${explain(refusal.code)}.`;
      error.hidden = false;
      name.setAttribute("aria-invalid", "true");
      name.focus();
    }
  });
  dialog.open();
}

/** Asks whom to add to a channel and invites them. */
export function openInvite(desk, channel) {
  const dialog = new Dialog(() => dialog.close(), "dialog-small");
  const { store } = desk;
  let chosen = [];
  const picker = new Picker({
    label: "People and apps",
    placeholder: "Choose people or the app",
    multiple: true,
    chosen: [],
    remote: false,
    load: () => [{ label: null, choices: store.users.filter((user) => user.id !== store.me.id).map((user) => ({ key: user.id, label: user.real_name || user.name, hint: `@${user.name}`, lead: () => avatar(user, "small"), value: user.id })) }],
    onChange: (now) => {
      chosen = now;
    },
  });
  fill(dialog.title, `Add to #${channel.name}`);
  fill(dialog.body, picker.root);
  fill(dialog.foot, el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), el("button", { type: "submit", class: "button primary" }, "Add"));
  dialog.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    dialog.close();
    for (const { value, label } of chosen) {
      try {
        await desk.api.post("invite", { channel: channel.id, invitee: value });
      } catch (error) {
        sayRefused(desk, `${label} was not added`, error);
      }
    }
  });
  dialog.open();
}

/** Joins a public channel. */
export async function join(desk, channel) {
  try {
    await desk.api.post("join", { channel: channel.id });
    desk.store.addChannel({ ...channel, is_member: true });
  } catch (error) {
    sayRefused(desk, `You could not join #${channel.name}`, error);
  }
}
