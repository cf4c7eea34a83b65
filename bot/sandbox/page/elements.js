// Block elements: what can be pressed. Fields, choices and selects have files of their own; the table at the end names them all.
// docs.slack.dev/reference/block-kit/block-elements

import { dispatch } from "./change.js";
import { drawCheckboxes, drawRadios } from "./choices.js";
import { el, fill } from "./dom.js";
import { drawMoment, drawTextField } from "./fields.js";
import { icon } from "./icons.js";
import { imageAddress, linkAddress } from "./links.js";
import { openMenu } from "./menu.js";
import { drawPlain } from "./prose.js";
import { drawSelect } from "./selects.js";

/**
 * @typedef {object} Slot where an element stands
 * @property {string} blockId
 * @property {boolean} dispatches whether a change is told to the app at once
 * @property {string} [label] what reading aloud should call it
 * @property {string} [controlId] the id that a visible label points to
 * @property {string} [describedBy] ids of hint and error
 */

/**
 * Draws an element; one of an unknown type becomes a neutral note.
 * @param {object} element
 * @param {Slot} slot
 * @param {import("./surface.js").Surface} surface
 * @returns {Node}
 */
export function drawElement(element, slot, surface) {
  const draw = Object.hasOwn(ELEMENTS, element?.type ?? "") ? ELEMENTS[element.type] : null;
  if (draw === null) return drawUnknown(element?.type, "element");
  return draw(element, slot, surface);
}

/** A neutral note in place of something that we do not draw. */
export function drawUnknown(type, kind) {
  return el("div", { class: "unknown" }, icon("info"), `This ${kind} is not shown here: `, el("code", {}, String(type ?? "no type")));
}

function drawButton(element, slot, surface) {
  const look = ["primary", "danger"].includes(element.style) ? element.style : "";
  const href = element.url === undefined ? null : linkAddress(element.url);
  const press = () => busy(button, () => dispatch(element, slot, surface, { value: element.value ?? "", text: element.text }));
  const attributes = { class: `button ${look}`.trim(), "aria-label": element.accessibility_label, onclick: press };
  // A link button opens its address and tells the app as well.
  const button = href
    ? el("a", { ...attributes, href, target: "_blank", rel: "noopener noreferrer" }, drawPlain(element.text?.text ?? ""))
    : el("button", { ...attributes, type: "button" }, drawPlain(element.text?.text ?? ""));
  return button;
}

/** Shows that a press is on its way, and takes no second one meanwhile. */
async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function drawOverflow(element, slot, surface) {
  const items = () => (element.options ?? []).map((option) => ({
    label: drawPlain(option.text?.text ?? ""),
    hint: option.description && drawPlain(option.description.text ?? ""),
    run: () => {
      const href = option.url === undefined ? null : linkAddress(option.url);
      if (href) window.open(href, "_blank", "noopener");
      dispatch(element, slot, surface, { selected_option: option });
    },
  }));
  const button = el("button", {
    type: "button", class: "button button-square", "aria-label": element.accessibility_label ?? "More", "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: () => openMenu(button, items(), { label: "More" }),
  }, icon("more"));
  return button;
}

function drawFeedback(element, slot, surface) {
  const side = (part, name, picture) =>
    part && el("button", {
      type: "button", class: `rating rating-${name}`, "aria-pressed": "false", title: part.text?.text, "aria-label": part.accessibility_label ?? part.text?.text ?? name,
      onclick: (event) => {
        for (const other of root.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
        busy(event.currentTarget, () => dispatch(element, slot, surface, { value: part.value }));
      },
    }, icon(picture));
  const root = el("span", { class: "ratings", role: "group", "aria-label": "Feedback" }, side(element.positive_button, "positive", "thumb_up"), side(element.negative_button, "negative", "thumb_down"));
  return root;
}

function drawIconButton(element, slot, surface) {
  const words = element.accessibility_label ?? element.text?.text ?? element.icon;
  const button = el("button", { type: "button", class: "rating", title: element.text?.text, "aria-label": words, onclick: () => busy(button, () => dispatch(element, slot, surface, { value: element.value ?? "" })) }, icon(element.icon));
  return button;
}

/**
 * A picture, or its description where it may not or cannot be loaded.
 * @param {{image_url?: string, slack_file?: {url?: string}, alt_text?: string}} element
 * @param {string} className
 */
export function drawPicture(element, className) {
  const src = imageAddress(element.image_url ?? element.slack_file?.url);
  const words = element.alt_text || "Picture";
  const frame = el("span", { class: `picture ${className}` });
  const missing = () => {
    frame.classList.add("picture-missing");
    fill(frame, icon("image"), el("span", { class: "picture-words" }, words));
  };
  if (src === null) missing();
  else fill(frame, el("img", { src, alt: words, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer", onerror: missing }));
  return frame;
}

const ELEMENTS = {
  button: drawButton,
  workflow_button: drawButton,
  overflow: drawOverflow,
  feedback_buttons: drawFeedback,
  icon_button: drawIconButton,
  image: (element) => drawPicture(element, "picture-thumb"),
  checkboxes: drawCheckboxes,
  radio_buttons: drawRadios,
  plain_text_input: drawTextField,
  email_text_input: drawTextField,
  url_text_input: drawTextField,
  number_input: drawTextField,
  datepicker: drawMoment,
  timepicker: drawMoment,
  datetimepicker: drawMoment,
};
for (const source of ["static", "external", "users", "channels", "conversations"]) {
  ELEMENTS[`${source}_select`] = drawSelect;
  ELEMENTS[`multi_${source}_select`] = drawSelect;
}
