// Our own line icons, drawn on a 20 × 20 grid with one stroke width.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  alert: "M10 3.2 17.4 16H2.6L10 3.2Z M10 8.2v3.6 M10 13.9v.1",
  arrow_down: "M10 4v12 M5 11l5 5 5-5",
  arrow_left: "M16 10H4 M9 5l-5 5 5 5",
  bell: "M5.5 13.5V9a4.5 4.5 0 0 1 9 0v4.5l1.2 1.3H4.3l1.2-1.3Z M8.4 16.8a1.7 1.7 0 0 0 3.2 0",
  bolt: "M11 2.8 4.8 11.4h4.4L8.6 17.2l6.6-8.8h-4.6L11 2.8Z",
  calendar: "M4 5.5h12v11H4v-11Z M4 8.8h12 M7.2 3.4v3.4 M12.8 3.4v3.4",
  check: "M4.5 10.5l3.6 3.6 7.4-8",
  chevron_down: "M6 8.2l4 4 4-4",
  close: "M5.2 5.2l9.6 9.6 M14.8 5.2l-9.6 9.6",
  copy: "M7.2 7.2h9v9h-9v-9Z M12.8 7V3.8h-9v9H7",
  eye_off: "M3.2 3.2l13.6 13.6 M8.2 5.2A7.6 7.6 0 0 1 17.6 10a9.6 9.6 0 0 1-2 2.7 M5.4 6.6A9.4 9.4 0 0 0 2.4 10a7.9 7.9 0 0 0 10.8 4.2 M8.6 8.7a2 2 0 0 0 2.7 2.7",
  file: "M5.2 3h6l3.6 3.6V17H5.2V3Z M11 3.2V7h3.6",
  hash: "M7.8 3.6 6.2 16.4 M13.8 3.6l-1.6 12.8 M3.8 7.6h13 M3.2 12.4h13",
  home: "M3.4 9.4 10 3.6l6.6 5.8 M5.2 8.2v8.2h9.6V8.2",
  image: "M3.4 4.4h13.2v11.2H3.4V4.4Z M3.6 13.4l3.8-3.6 3.2 3 2.4-2 3.4 3 M12.6 8.2h.1",
  info: "M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4Z M10 9.2v4.2 M10 6.6v.1",
  lock: "M5.2 9h9.6v7.2H5.2V9Z M7.2 8.8V6.6a2.8 2.8 0 0 1 5.6 0v2.2",
  menu: "M3.4 5.6h13.2 M3.4 10h13.2 M3.4 14.4h13.2",
  moon: "M16 11.8A6.6 6.6 0 0 1 8.2 4a6.6 6.6 0 1 0 7.8 7.8Z",
  more: "M4.5 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0 M9.4 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0 M14.3 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  person: "M10 3.4a3.1 3.1 0 1 1 0 6.2 3.1 3.1 0 0 1 0-6.2Z M3.9 16.8a6.1 6.1 0 0 1 12.2 0",
  person_plus: "M8 3.6a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8Z M2.6 16.4a5.4 5.4 0 0 1 10.8 0 M15.4 7.4v5 M12.9 9.9h5",
  pin: "M10 3v8 M6.4 11h7.2 M10 11v6",
  plus: "M10 4v12 M4 10h12",
  reply: "M3.6 4.6h12.8v8.6H9.6L6 16.4v-3.2H3.6V4.6Z",
  search: "M8.8 3.6a5.2 5.2 0 1 1 0 10.4 5.2 5.2 0 0 1 0-10.4Z M12.7 12.7l3.9 3.9",
  send: "M3.4 3.8 17 10 3.4 16.2l1.8-6.2-1.8-6.2Z M5.4 10H11",
  sun: "M10 6.8a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4Z M10 2.4v1.4 M10 16.2v1.4 M2.4 10h1.4 M16.2 10h1.4 M4.6 4.6l1 1 M14.4 14.4l1 1 M15.4 4.6l-1 1 M5.6 14.4l-1 1",
  thumb_down: "M6.2 11.2V4H3.6v7.2h2.6Zm0-.4 3.2 6c1.2 0 1.8-.8 1.6-2l-.5-2.4h4.2c1 0 1.7-.9 1.5-1.9l-1-4.9c-.2-.8-.8-1.3-1.6-1.3H6.2",
  thumb_up: "M6.2 8.8V16H3.6V8.8h2.6Zm0 .4 3.2-6c1.2 0 1.8.8 1.6 2l-.5 2.4h4.2c1 0 1.7.9 1.5 1.9l-1 4.9c-.2.8-.8 1.3-1.6 1.3H6.2",
  trash: "M4.4 5.6h11.2 M7.8 5.4V3.6h4.4v1.8 M5.8 5.8l.7 10.8h7l.7-10.8 M8.6 8.8v5 M11.4 8.8v5",
};

/**
 * An icon, hidden from reading aloud: the control around it carries the words.
 * @param {keyof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  return drawing("icon", "0 0 20 20", [["path", { d: PATHS[name] ?? PATHS.info }]]);
}

/** The app's picture: a signal going out. */
export function appPicture() {
  return drawing("app-picture", "0 0 36 36", [
    ["path", { d: "M9 25.5c5-1.2 6-13.5 9-13.5s4 12.3 9 13.5", class: "wave" }],
    ["path", { d: "M6.5 20.4c3.6-.6 5.4-10.9 11.5-10.9s7.9 10.3 11.5 10.9", class: "wave faint" }],
    ["circle", { cx: 18, cy: 25, r: 2.4, class: "dot" }],
  ]);
}

function drawing(className, viewBox, shapes) {
  const root = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: className, viewBox, "aria-hidden": "true", focusable: "false" })) root.setAttribute(name, value);
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    root.append(shape);
  }
  return root;
}
