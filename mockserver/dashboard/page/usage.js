// What the server keeps, and what bounds it.

// size writes a number of bytes in a unit that a person reads at a glance.
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${bytes < 10 && unit > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

// lasting writes a duration of the API, as in 336h0m0s, in days where it is some.
function lasting(text) {
  const hours = /^(\d+)h0m0s$/.exec(text);
  return hours && hours[1] % 24 === 0 ? `${hours[1] / 24} days` : text;
}

// usage shows in box how much is kept, of how much at most. Its title says the other limits.
export function usage(box, { limits, usage }) {
  const evicted = usage.evicted_captures + usage.evicted_deliveries;
  box.textContent = `Kept: ${size(usage.bytes)} of ${size(limits.bytes)}` + (evicted > 0 ? `; ${evicted} evicted` : "");
  box.title = `${usage.captures} captures, at most ${limits.captures} a bin; ${usage.deliveries} deliveries, at most ${limits.deliveries}; ` +
    `${limits.for === "0s" ? "for ever" : `for ${lasting(limits.for)}`}; bodies up to ${size(limits.max_body)}. The oldest make room for new ones.`;
  box.hidden = false;
}
