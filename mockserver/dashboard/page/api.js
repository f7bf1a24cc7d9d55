// Calls of the dashboard's API, and the curl commands for the same calls.

// base is the URL of the dashboard: the folder above this file, so that it works below a path.
export const base = new URL("..", import.meta.url).href.replace(/\/$/, "");

let token = sessionStorage.getItem("token") ?? "";

// enter sets the token for all later calls.
export function enter(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export function headers() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// NeedsToken is the error of a server that needs its token.
export class NeedsToken extends Error {}

// path joins escaped path segments, and adds the parameters that have a value.
export function path(parts, parameters = {}) {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(present).toString();
  return `/${parts.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

// Verbatim is JSON that is sent unchanged, so that no number is rounded.
export class Verbatim {
  constructor(json) { this.json = json; }
}

// toJSON returns a value as JSON.
function toJSON(v) {
  if (v instanceof Verbatim) return v.json;
  if (Array.isArray(v)) return `[${v.map(toJSON).join(",")}]`;
  if (v === null || typeof v !== "object") return JSON.stringify(v);
  return `{${Object.entries(v).filter(([, value]) => value !== undefined).map(([name, value]) => `${JSON.stringify(name)}:${toJSON(value)}`).join(",")}}`;
}

// api calls the API and returns the JSON of the response. It throws an error with the text of the
// problem.
export async function api(at, body, method = body === undefined ? "GET" : "POST", signal) {
  const response = await fetch(`${base}/api/v1${at}`, {
    method,
    signal,
    headers: body === undefined ? headers() : { ...headers(), "Content-Type": "application/json" },
    body: body === undefined ? undefined : toJSON(body),
  });
  if (response.status === 204) return undefined;
  if (response.ok) return response.json();
  throw await problem(response);
}

// problem returns the error in a response.
async function problem(response) {
  if (response.status === 401) return new NeedsToken("the server needs its token");
  const document = await response.json().catch(() => ({}));
  const parts = (document.errors ?? []).map((e) => (e.location ? `${e.location}: ${e.message}` : e.message));
  return new Error([document.detail ?? response.statusText, ...parts].join("; "));
}

async function answer(at, options = {}) {
  const response = await fetch(`${base}/api/v1${at}`, { ...options, headers: { ...headers(), ...options.headers } });
  if (!response.ok) throw await problem(response);
  return response;
}

// bytes returns the bytes of a response.
export async function bytes(at) {
  return new Uint8Array(await (await answer(at)).arrayBuffer());
}

// text returns the text of a response.
export async function text(at) {
  return (await answer(at)).text();
}

// download saves a response as a file. It uses fetch, because a link cannot send the token.
export async function download(at) {
  const response = await answer(at);
  const [, quoted, plain] = response.headers.get("Content-Disposition")?.match(/filename=(?:"([^"]*)"|([^;]*))/) ?? [];
  save(await response.blob(), quoted ?? plain ?? "download");
}

// save saves content as a file.
export function save(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

// upload sends a file.
export async function upload(at, file, type) {
  return (await answer(at, { method: "POST", body: file, headers: { "Content-Type": type } })).json();
}

// curl returns the command that makes the same call.
export function curl(at, body, method) {
  const parts = ["curl"];
  if (method && method !== (body === undefined ? "GET" : "POST")) parts.push(`-X ${method}`);
  if (token) parts.push(`-H 'Authorization: Bearer TOKEN'`);
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quoted(toJSON(body))}`);
  return [...parts, quoted(`${base}/api/v1${at}`)].join(" ");
}

// quoted returns text as one word of a shell.
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
