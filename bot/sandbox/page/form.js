// What a person has filled in: values by block and action in Slack's own shape, and what is wrong with them. No DOM here.

/** The values of one surface (a modal, a Home tab, a message). It outlives redrawing, so an update keeps what was typed. */
export class Form {
  #values = new Map();

  get(blockId, actionId) {
    return this.#values.get(blockId)?.get(actionId);
  }

  set(blockId, actionId, value) {
    if (!this.#values.has(blockId)) this.#values.set(blockId, new Map());
    this.#values.get(blockId).set(actionId, value);
  }

  /** Drops the values of blocks that are no longer shown. */
  keep(blockIds) {
    for (const id of this.#values.keys()) if (!blockIds.has(id)) this.#values.delete(id);
  }

  /** `{values: {block_id: {action_id: {type, …}}}}` */
  get state() {
    return { values: Object.fromEntries([...this.#values].map(([id, actions]) => [id, Object.fromEntries(actions)])) };
  }
}

const HOLDERS = [
  "value", "selected_option", "selected_options", "selected_user", "selected_users", "selected_channel", "selected_channels",
  "selected_conversation", "selected_conversations", "selected_date", "selected_time", "selected_date_time",
];

/** Whether a value holds nothing. */
export function isEmpty(value) {
  const held = HOLDERS.map((name) => value?.[name]).find((found) => found !== undefined && found !== null);
  return held === undefined || held === "" || (Array.isArray(held) && held.length === 0);
}

/**
 * What the client itself refuses before it asks the app.
 * @param {object} view
 * @param {Form} form
 * @returns {Object<string, string>} an error text by block id
 */
export function checkInputs(view, form) {
  const errors = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== "input") continue;
    const fault = faultOf(block, form.get(block.block_id, block.element.action_id));
    if (fault) errors[block.block_id] = fault;
  }
  return errors;
}

function faultOf({ element, optional }, value) {
  if (isEmpty(value)) return optional ? null : "Please complete this required field.";
  const text = value.value ?? "";
  const number = Number(text);
  switch (element.type) {
    case "plain_text_input":
      if (text.length < (element.min_length ?? 0)) return `At least ${element.min_length} characters, please.`;
      return text.length > (element.max_length ?? 3000) ? `At most ${element.max_length ?? 3000} characters, please.` : null;
    case "email_text_input":
      return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? null : "This is not an e-mail address.";
    case "url_text_input":
      return URL.canParse(text) && /^https?:/i.test(text) ? null : "This is not a web address.";
    case "number_input":
      if (text.trim() === "" || Number.isNaN(number)) return "This is not a number.";
      if (!element.is_decimal_allowed && !Number.isInteger(number)) return "A whole number, please.";
      if (number < Number(element.min_value ?? -Infinity)) return `At least ${element.min_value}, please.`;
      return number > Number(element.max_value ?? Infinity) ? `At most ${element.max_value}, please.` : null;
    default:
      return null;
  }
}
