// Fields to type into: text, numbers, addresses, dates and times.
// docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element and its neighbours

import { changed } from "./change.js";
import { el } from "./dom.js";

const TEXT_TYPES = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text" };

/** Draws a text field; one line or several. */
export function drawTextField(element, slot, surface) {
  const held = surface.form.get(slot.blockId, element.action_id)?.value ?? element.initial_value ?? "";
  const several = element.type === "plain_text_input" && element.multiline;
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const quiet = { ...slot, dispatches: false };
  const value = () => ({ value: field.value === "" ? null : field.value });
  const field = el(several ? "textarea" : "input", {
    ...(several ? { rows: 4 } : { type: TEXT_TYPES[element.type], inputmode: element.type === "number_input" ? "decimal" : null }),
    class: "field",
    value: held,
    placeholder: element.placeholder?.text,
    maxlength: element.max_length,
    autofocus: element.focus_on_load || null,
    ...described(slot),
    oninput: () => changed(element, triggers.includes("on_character_entered") ? slot : quiet, surface, value()),
    onkeydown: (event) => {
      if (event.key !== "Enter" || several || event.isComposing) return;
      if (slot.dispatches && triggers.includes("on_enter_pressed")) {
        event.preventDefault(); // speaks to the app instead of submitting
        changed(element, slot, surface, value());
      }
    },
  });
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...value() });
  return field;
}

const MOMENTS = {
  datepicker: { input: "date", holder: "selected_date", initial: "initial_date", read: (text) => text, write: (held) => held },
  timepicker: { input: "time", holder: "selected_time", initial: "initial_time", read: (text) => text, write: (held) => held },
  datetimepicker: {
    input: "datetime-local",
    holder: "selected_date_time",
    initial: "initial_date_time",
    read: (text) => Math.floor(new Date(text).getTime() / 1000),
    write: localText,
  },
};

/** Draws a date, a time, or both; the browser brings the calendar. */
export function drawMoment(element, slot, surface) {
  const kind = MOMENTS[element.type];
  const held = surface.form.get(slot.blockId, element.action_id)?.[kind.holder] ?? element[kind.initial] ?? null;
  const value = () => ({ [kind.holder]: field.value === "" ? null : kind.read(field.value) });
  const field = el("input", {
    type: kind.input,
    class: "field field-moment",
    value: held === null ? "" : kind.write(held),
    ...described(slot, element.placeholder?.text),
    onchange: () => changed(element, slot, surface, value()),
  });
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...value() });
  return field;
}

function localText(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function described(slot, otherwise) {
  return { id: slot.controlId, "aria-label": slot.controlId ? null : (slot.label ?? otherwise ?? "Value"), "aria-describedby": slot.describedBy };
}
