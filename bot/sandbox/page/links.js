// Which addresses may become a link or an image. Everything else stays text.

const LINKS = new Set(["http:", "https:", "mailto:", "slack:"]);
const IMAGES = new Set(["http:", "https:"]);

/**
 * The address as a browser will read it, or null when it must not be followed (`javascript:`, `data:`, relative …).
 * Parsing first is what catches `java\nscript:`: the URL parser drops the line break as a browser would.
 * @param {unknown} address
 * @returns {string|null}
 */
export function linkAddress(address) {
  return allowed(address, LINKS);
}

/** As `linkAddress`, for pictures: only http and https. */
export function imageAddress(address) {
  return allowed(address, IMAGES);
}

function allowed(address, protocols) {
  if (typeof address !== "string") return null;
  try {
    const url = new URL(address);
    return protocols.has(url.protocol) ? url.href : null;
  } catch {
    return null; // not an absolute address
  }
}
