// Making elements. The one place where values become DOM: strings turn into text nodes and attribute values, never into
// markup, so a message cannot bring elements, handlers or styles of its own.

const PROPERTIES = new Set(["checked", "disabled", "hidden", "indeterminate", "readOnly", "selected", "value"]);
const REFUSED = new Set(["innerHTML", "outerHTML", "srcdoc", "style"]);

/**
 * Builds an element.
 * @param {string} tag
 * @param {Object<string, unknown>} [attributes] `on…` functions become listeners; `dataset` an object; null, undefined and false are left out.
 * @param {...(Node|string|number|null|undefined|false|Array)} children strings become text nodes
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) assign(node, name, value);
  node.append(...present(children));
  return node;
}

function assign(node, name, value) {
  if (REFUSED.has(name)) throw new TypeError(`${name} is not for data`);
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** Flattens children and drops those that are absent. */
function present(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * Replaces all children of a node.
 * @param {Element} node
 * @param {...(Node|string|null|undefined|false|Array)} children
 */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
}

let serial = 0;

/** A fresh id, for `aria-labelledby` and its kin. */
export function freshId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

/**
 * Wraps work so that many calls within one frame run it once.
 * A hidden tab gets no frames; there a timer stands in, so that its title still counts.
 * @param {() => void} work
 * @returns {() => void}
 */
export function oncePerFrame(work) {
  let due = false;
  const run = () => {
    due = false;
    work();
  };
  return () => {
    if (due) return;
    due = true;
    if (document.hidden) setTimeout(run, 200);
    else requestAnimationFrame(run);
  };
}
