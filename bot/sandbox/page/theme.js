// Light or dark: what the system prefers, until someone chooses; the choice is remembered. Loaded before the first paint.

const KEY = "sandbox-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** "light" or "dark", as shown now. */
export function currentTheme() {
  return document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
}

/** Turns to the other theme and remembers it. */
export function toggleTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem(KEY, next);
  return next;
}

/** Calls `tell` whenever the system's preference changes. */
export function onSystemTheme(tell) {
  dark.addEventListener("change", tell);
}

const chosen = localStorage.getItem(KEY);
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
