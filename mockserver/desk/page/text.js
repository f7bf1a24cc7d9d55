// What was sent and received, as text.

// raw decodes base64.
export function raw(base64) {
  return Uint8Array.from(atob(base64 ?? ""), (c) => c.charCodeAt(0));
}

// text decodes bytes as UTF-8.
export function text(bytes) {
  return new TextDecoder().decode(bytes);
}

// isText says whether bytes are UTF-8 without control characters that no text has.
export function isText(bytes) {
  try {
    return !/[\u0000-\u0008\u000e-\u001a]/.test(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
}

// hex shows bytes in rows of sixteen: offset, values, characters.
export function hex(bytes, most = 4096) {
  const rows = [];
  for (let at = 0; at < Math.min(bytes.length, most); at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const values = row.map((b) => b.toString(16).padStart(2, "0")).join(" ");
    const shown = row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    rows.push(`${at.toString(16).padStart(6, "0")}  ${values.padEnd(47)}  ${shown}`);
  }
  if (bytes.length > most) rows.push(`… ${bytes.length - most} bytes more`);
  return rows.join("\n");
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

// span says how long something took or takes.
export function span(ms) {
  const abs = Math.abs(ms);
  if (abs < 1000) return `${Math.round(ms)} ms`;
  if (abs < 90e3) return `${(ms / 1000).toFixed(1)} s`;
  if (abs < 90 * 60e3) return `${(ms / 60e3).toFixed(1)} min`;
  if (abs < 36 * 3600e3) return `${(ms / 3600e3).toFixed(1)} h`;
  return `${(ms / 86400e3).toFixed(1)} d`;
}

// size says how many bytes.
export function size(n) {
  if (n < 1024) return `${n} B`;
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
