// Checkboxes and radio buttons.
// docs.slack.dev/reference/block-kit/block-elements/checkboxes-element and radio-button-group-element

import { changed } from "./change.js";
import { el, freshId } from "./dom.js";
import { drawText } from "./text.js";

/** Draws `checkboxes`. */
export function drawCheckboxes(element, slot, surface) {
  const before = surface.form.get(slot.blockId, element.action_id)?.selected_options ?? element.initial_options ?? [];
  const value = () => ({ selected_options: element.options.filter((_, index) => boxes[index].checked) });
  const { root, boxes } = drawBoxes("checkbox", element, slot, surface, before, () => changed(element, slot, surface, value()));
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...value() });
  return root;
}

/** Draws `radio_buttons`. */
export function drawRadios(element, slot, surface) {
  const before = surface.form.get(slot.blockId, element.action_id)?.selected_option ?? element.initial_option;
  const value = () => ({ selected_option: element.options.find((_, index) => boxes[index].checked) ?? null });
  const { root, boxes } = drawBoxes("radio", element, slot, surface, before ? [before] : [], () => changed(element, slot, surface, value()));
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...value() });
  return root;
}

function drawBoxes(type, element, slot, surface, before, onchange) {
  const name = freshId(type);
  const boxes = element.options.map((option) =>
    el("input", { type, name, value: option.value, checked: before.some((other) => other.value === option.value), onchange }));
  const rows = element.options.map((option, index) =>
    el("label", { class: "choice" }, boxes[index],
      el("span", { class: "choice-words" }, el("span", {}, drawText(option.text, surface.names)),
        option.description && el("span", { class: "choice-hint" }, drawText(option.description, surface.names)))));
  const root = el("div", {
    class: "choices",
    role: type === "radio" ? "radiogroup" : "group",
    "aria-label": slot.label ?? "Options",
    "aria-describedby": slot.describedBy,
  }, rows);
  return { root, boxes };
}
