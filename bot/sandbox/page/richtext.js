// The `rich_text` block → nodes (see prose.js). Pure.
// docs.slack.dev/reference/block-kit/blocks/rich-text-block

/**
 * @param {object} block a block or table cell of type `rich_text`
 * @returns {object[]} block nodes
 */
export function parseRichText(block) {
  return (block.elements ?? []).flatMap((part) => {
    switch (part?.type) {
      case "rich_text_section":
        return [{ type: "paragraph", children: parseElements(part.elements) }];
      case "rich_text_quote":
        return [{ type: "quote", children: [{ type: "paragraph", children: parseElements(part.elements) }] }];
      case "rich_text_preformatted":
        return [{ type: "code", lang: part.language ?? null, text: flat(part.elements) }];
      case "rich_text_list":
        return [parseList(part)];
      default:
        return [];
    }
  });
}

function parseList(part) {
  const ordered = part.style === "ordered";
  return {
    type: "list",
    ordered,
    start: ordered ? (part.offset ?? 0) + 1 : null,
    indent: part.indent ?? 0,
    loose: false,
    items: (part.elements ?? []).map((item) => ({ checked: null, children: parseRichText({ elements: [item] }) })),
  };
}

function flat(elements = []) {
  return elements.map((element) => element.text ?? element.url ?? "").join("");
}

function parseElements(elements = []) {
  return elements.flatMap((element) => styled(readElement(element ?? {}), element?.style));
}

function readElement(element) {
  switch (element.type) {
    case "text":
      return lines(element.text ?? "");
    case "link":
      return [{ type: "link", url: element.url, children: [{ type: "text", text: element.text || element.url || "" }] }];
    case "user":
      return [{ type: "user", id: element.user_id, label: null }];
    case "channel":
      return [{ type: "channel", id: element.channel_id, label: null }];
    case "usergroup":
      return [{ type: "group", id: element.usergroup_id, label: null }];
    case "broadcast":
      return [{ type: "broadcast", range: element.range }];
    case "emoji":
      return [{ type: "emoji", name: element.name, unicode: element.unicode }];
    case "date":
      return [{ type: "date", seconds: element.timestamp, format: element.format ?? "{date}", url: element.url ?? null, fallback: element.fallback ?? null }];
    case "color":
      return [{ type: "code_span", text: element.value ?? "" }];
    default:
      return element.text ? [{ type: "text", text: String(element.text) }] : [];
  }
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => {
    const node = line === "" ? [] : [{ type: "text", text: line }];
    return index === 0 ? node : [{ type: "break" }, ...node];
  });
}

function styled(nodes, style) {
  if (!style) return nodes;
  let out = style.code ? nodes.map((node) => (node.type === "text" ? { type: "code_span", text: node.text } : node)) : nodes;
  for (const name of ["strike", "italic", "bold", "underline"]) if (style[name]) out = [{ type: name, children: out }];
  return out;
}
