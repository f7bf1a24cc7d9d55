// What the page shows: which list, its filters, and which record. The URL's fragment has all of it,
// so that you can bookmark and share it.
const initial = {
  view: "captures", // or deliveries, system
  bin: "", q: "", where: "", // filters of captures
  provider: "", state: "", // filters of deliveries
  show: "", // the id of the open record
  tab: "", other: "", // its tab, and the capture to compare it with
  system: "",
};

export const route = { ...initial };

// hash returns the fragment for these values. Missing ones have their initial value.
export function hash(to) {
  const changed = Object.entries({ ...initial, ...to }).filter(([name, value]) => value !== initial[name]);
  return `#${new URLSearchParams(changed)}`;
}

// read reads the values from the URL.
export function read() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(initial)) route[name] = parameters.get(name) ?? initial[name];
}

// go changes the values and adds them to the browser's history.
export function go(to) {
  Object.assign(route, to);
  const now = hash(route);
  if (now !== (location.hash || "#")) history.pushState(null, "", location.pathname + (now === "#" ? "" : now));
}

// list identifies the content of the list, which is loaded again when it changes.
export function list() {
  if (route.view === "deliveries") return hash({ view: route.view, provider: route.provider, state: route.state });
  return hash({ bin: route.bin, q: route.q, where: route.where });
}
