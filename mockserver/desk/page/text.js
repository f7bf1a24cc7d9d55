// What was sent and received, as text.

// text decodes a body, which is base64 in JSON.
export function text(base64) {
  const bytes = Uint8Array.from(atob(base64 ?? ""), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

// head is a request's line and header lines.
export function head(m) {
  return [`${m.method} ${m.target} ${m.version}`, ...m.headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
}

// indented puts each member and item of a JSON text on a line of its own. Only space between tokens changes: no number is
// rounded, no escape rewritten. What is not JSON comes back as it is.
export function indented(json) {
  try {
    JSON.parse(json);
  } catch {
    return json;
  }
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, i) => {
    const opens = "{[".includes(token);
    const closes = "}]".includes(token);
    const empty = (opens && "}]".includes(tokens[i + 1])) || (closes && "{[".includes(tokens[i - 1]));
    if (closes) depth--;
    if (closes && !empty) out += line();
    out += token;
    if (opens) depth++;
    if ((opens && !empty) || token === ",") out += line();
    if (token === ":") out += " ";
  });
  return out;
}

// clock is a time of day, to the millisecond, where the reader is.
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, fractionalSecondDigits: 3 });
}
