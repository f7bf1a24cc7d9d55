// Where in the page somebody is: which list, what is asked of it, which record. The address has all of it, so that it can be
// kept and passed on.
const first = {
  view: "captures", // or deliveries, system
  bin: "", q: "", where: "", // of captures
  provider: "", state: "", // of deliveries
  show: "", // the id of a record
  tab: "", other: "", // of that record
  system: "",
};

export const place = { ...first };

// hash is the address of another place: what is left out is as it is at first.
export function hash(to) {
  const said = Object.entries({ ...first, ...to }).filter(([name, value]) => value !== first[name]);
  return `#${new URLSearchParams(said)}`;
}

// read takes the place from the address.
export function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(first)) place[name] = said.get(name) ?? first[name];
}

// go moves to another place and adds it to the history.
export function go(to) {
  Object.assign(place, to);
  const now = hash(place);
  if (now !== (location.hash || "#")) history.pushState(null, "", location.pathname + (now === "#" ? "" : now));
}

// list names what the list shows; it is read anew when that changes.
export function list() {
  if (place.view === "deliveries") return hash({ view: place.view, provider: place.provider, state: place.state });
  return hash({ bin: place.bin, q: place.q, where: place.where });
}
