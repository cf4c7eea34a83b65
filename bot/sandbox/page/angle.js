// What stands between < and > in Slack's text: mentions, channels, groups, broadcasts, dates and links.
// docs.slack.dev/messaging/formatting-message-text

/**
 * Reads the inside of `<…>`.
 * @param {string} inside without the brackets
 * @returns {object|null} an inline node (see prose.js), or null when it is none of Slack's
 */
export function readAngle(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? null : unescape(inside.slice(bar + 1));
  switch (target[0]) {
    case "@":
      return id(target) && { type: "user", id: id(target), label };
    case "#":
      return id(target) && { type: "channel", id: id(target), label };
    case "!":
      return readSpecial(target.slice(1), label);
    default:
      return /^[a-z][a-z0-9+.-]*:/i.test(target) ? link(unescape(target), label) : null;
  }
}

function id(target) {
  const [, found] = /^[@#]([A-Z0-9]{2,40})$/.exec(target) ?? [];
  return found ?? null;
}

function link(url, label) {
  return { type: "link", url, children: [{ type: "text", text: label || url.replace(/^mailto:/, "") }] };
}

function readSpecial(command, label) {
  if (["here", "channel", "everyone"].includes(command)) return { type: "broadcast", range: command };
  if (command.startsWith("subteam^")) return { type: "group", id: command.slice(8), label };
  if (!command.startsWith("date^")) return label ? { type: "text", text: label } : null;
  const [, seconds, format, url] = command.split("^");
  if (!/^\d{1,12}$/.test(seconds ?? "") || format === undefined) return { type: "text", text: label ?? "" };
  return { type: "date", seconds: Number(seconds), format: unescape(format), url: url ?? null, fallback: label };
}

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Undoes the three escapes of Slack's text, and no others. */
export function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}
