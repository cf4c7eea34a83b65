// Faces: initials on a colour of one's own, or the app's picture.

import { el } from "./dom.js";
import { appPicture } from "./icons.js";

const HUES = [12, 36, 88, 152, 200, 228, 272, 328]; // degrees, for those without a colour of their own

/**
 * @param {{id: string, name: string, real_name?: string, is_bot?: boolean}} user
 * @param {"small"|"medium"|"large"} [size]
 */
export function avatar(user, size = "medium") {
  const face = el("span", { class: `avatar avatar-${size}${user.is_bot ? " avatar-app" : ""}`, "aria-hidden": "true" }, user.is_bot ? appPicture() : initials(user));
  if (!user.is_bot) face.style.setProperty("--hue", String(hueOf(user)));
  return face;
}

function initials(user) {
  const words = (user.real_name || user.name || "?").replace(/\(.*\)/, "").trim().split(/[\s._-]+/u);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** The hue of the person's colour; the stylesheet chooses how light it is, so that the letters can be read. */
function hueOf(user) {
  const channels = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(user.color ?? "")?.slice(1).map((part) => Number.parseInt(part, 16));
  if (!channels || new Set(channels).size === 1) return HUES[[...user.id].reduce((sum, character) => sum + character.codePointAt(0), 0) % HUES.length];
  const [red, green, blue] = channels;
  return Math.round((Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI + 360) % 360;
}
