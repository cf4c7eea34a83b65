// Faces: initials on a colour of one's own, or the app's picture.

import { el } from "./dom.js";
import { appPicture } from "./icons.js";

const HUES = 8;

/**
 * @param {{id: string, name: string, real_name?: string, is_bot?: boolean}} user
 * @param {"small"|"medium"|"large"} [size]
 */
export function avatar(user, size = "medium") {
  const look = user.is_bot ? "avatar-app" : `hue-${hue(user.id)}`;
  return el("span", { class: `avatar avatar-${size} ${look}`, "aria-hidden": "true" }, user.is_bot ? appPicture() : initials(user));
}

function initials(user) {
  const words = (user.real_name || user.name || "?").trim().split(/[\s._-]+/u);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

function hue(id) {
  let sum = 7;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum % HUES;
}
