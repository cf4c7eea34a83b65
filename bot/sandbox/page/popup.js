// Popups: something small beside the thing that opened it. The browser's popover puts it above all else, also above a dialog,
// and closes it on Escape or a click elsewhere; we only place it.

import { el } from "./dom.js";

const GAP = 4; // px between the anchor and the popup
const EDGE = 8; // px kept free at the window's edges

/**
 * Opens a popup under (or, if there is no room, over) its anchor.
 * @param {Element} anchor
 * @param {HTMLElement} content
 * @param {{className?: string, onClose?: () => void, wide?: boolean, alignEnd?: boolean}} [options] `wide`: at least as wide as the anchor
 * @returns {{close: () => void, place: () => void}}
 */
export function openPopup(anchor, content, { className = "", onClose = () => {}, wide = false, alignEnd = false } = {}) {
  const popup = el("div", { class: `popup ${className}`.trim(), popover: "auto" }, content);
  // Beside the anchor in the tree: what lies outside an open dialog is inert.
  (anchor.closest("dialog") ?? document.body).append(popup);
  const place = () => put(popup, anchor, wide, alignEnd);
  const close = () => popup.isConnected && popup.hidePopover();
  popup.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    removeEventListener("resize", close);
    removeEventListener("scroll", moved, true);
    popup.remove();
    onClose();
  });
  const moved = (event) => {
    if (!popup.contains(event.target)) place();
  };
  addEventListener("resize", close);
  addEventListener("scroll", moved, true);
  popup.showPopover();
  place();
  return { close, place };
}

function put(popup, anchor, wide, alignEnd) {
  const around = anchor.getBoundingClientRect();
  if (wide) popup.style.minWidth = `${Math.min(around.width, innerWidth - 2 * EDGE)}px`;
  popup.style.maxHeight = "";
  const below = innerHeight - around.bottom - GAP - EDGE;
  const above = around.top - GAP - EDGE;
  const under = popup.offsetHeight <= below || below >= above;
  popup.style.maxHeight = `${Math.max(under ? below : above, 120)}px`;
  const top = under ? around.bottom + GAP : Math.max(EDGE, around.top - GAP - popup.offsetHeight);
  const left = alignEnd ? around.right - popup.offsetWidth : around.left;
  popup.style.top = `${top}px`;
  popup.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - popup.offsetWidth - EDGE))}px`;
}
