// Conversions of bytes, times and sizes to text.

// raw decodes base64.
export function raw(base64) {
  return Uint8Array.from(atob(base64 ?? ""), (c) => c.charCodeAt(0));
}

// base64 encodes text as UTF-8 and then as base64.
export function base64(of) {
  let binary = "";
  for (const byte of new TextEncoder().encode(of)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

// length returns how many bytes a base64 text encodes.
export function length(base64) {
  if (!base64) return 0;
  return (base64.length / 4) * 3 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);
}

// text decodes bytes as UTF-8; a byte order mark stays.
export function text(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

// isText reports whether bytes are UTF-8 without control characters.
export function isText(bytes) {
  try {
    return !/[\u0000-\u0008\u000e-\u001a]/.test(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
}

// hex shows bytes in rows of sixteen: offset, values, characters.
export function hex(bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const values = row.map((b) => b.toString(16).padStart(2, "0")).join(" ");
    const shown = row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    rows.push(`${at.toString(16).padStart(6, "0")}  ${values.padEnd(47)}  ${shown}`);
  }
  return rows.join("\n");
}

// clock returns the local time of day, to the millisecond.
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, fractionalSecondDigits: 3 });
}

// exact returns a time with its date and zone.
export function exact(at) {
  const d = new Date(at);
  return `${d.toLocaleDateString([], { weekday: "short", year: "numeric", month: "short", day: "numeric" })}, ${clock(d)} (${d.toISOString()})`;
}

// day returns the day of a time: Today, Yesterday, or the date.
export function day(at, now = new Date()) {
  const d = new Date(at);
  const ago = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(d).setHours(0, 0, 0, 0)) / 86400e3);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  return d.toLocaleDateString([], { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}

// ago returns how long ago a time was, or the time of day if it was on another day.
export function ago(at, now = Date.now()) {
  const past = now - new Date(at);
  if (day(at, new Date(now)) !== "Today") return clock(at).slice(0, 8);
  if (past < 5e3) return "now";
  if (past < 60e3) return `${Math.floor(past / 1e3)} s ago`;
  if (past < 3600e3) return `${Math.floor(past / 60e3)} min ago`;
  return `${Math.floor(past / 3600e3)} h ago`;
}

// span returns a duration as text.
export function span(ms) {
  const abs = Math.abs(ms);
  if (abs < 10) return `${Number(ms.toFixed(2))} ms`;
  if (abs < 1000) return `${Math.round(ms)} ms`;
  if (abs < 90e3) return `${(ms / 1000).toFixed(1)} s`;
  if (abs < 90 * 60e3) return `${(ms / 60e3).toFixed(1)} min`;
  if (abs < 36 * 3600e3) return `${(ms / 3600e3).toFixed(1)} h`;
  return `${(ms / 86400e3).toFixed(1)} d`;
}

// size returns a number of bytes as text.
export function size(n) {
  if (n < 1024) return `${n} B`;
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

// count returns a number with a noun.
export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
