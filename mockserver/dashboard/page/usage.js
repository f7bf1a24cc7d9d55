// How much the server keeps, and its limits.

// size returns a number of bytes with a readable unit.
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${bytes < 10 && unit > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

// inDays returns a duration of the API, such as 336h0m0s, in days if it is a number of days.
function inDays(text) {
  const hours = /^(\d+)h0m0s$/.exec(text);
  return hours && hours[1] % 24 === 0 ? `${hours[1] / 24} days` : text;
}

// usage shows how much is kept, and the limit. The tooltip has the other limits.
export function usage(box, { limits, usage }) {
  const evicted = usage.evicted_captures + usage.evicted_deliveries;
  box.textContent = `Kept: ${size(usage.bytes)} of ${size(limits.bytes)}` + (evicted > 0 ? `; ${evicted} evicted` : "");
  box.title = `${usage.captures} captures, at most ${limits.captures} per bin; ${usage.deliveries} deliveries, at most ${limits.deliveries}; ` +
    `${limits.for === "0s" ? "for ever" : `for ${inDays(limits.for)}`}; bodies up to ${size(limits.max_body)}. The oldest are removed to make room.`;
  box.hidden = false;
}
