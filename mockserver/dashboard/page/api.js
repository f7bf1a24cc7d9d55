// Calls of the dashboard's API, and the same calls as curl commands.

// base is where the dashboard is: the folder above this file's, so that it works below a path.
export const base = new URL("..", import.meta.url).href.replace(/\/$/, "");

let token = sessionStorage.getItem("token") ?? "";

// enter takes a token for all calls to come.
export function enter(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export function headers() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// NeedsToken is the error of a server that asks for its token.
export class NeedsToken extends Error {}

// path puts a path together: its parts are escaped, and so are the parameters that say something.
export function path(parts, parameters = {}) {
  const said = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(said).toString();
  return `/${parts.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

// Verbatim is JSON that goes out as it is written, so that no number is rounded.
export class Verbatim {
  constructor(json) { this.json = json; }
}

// written is a value as JSON.
function written(v) {
  if (v instanceof Verbatim) return v.json;
  if (Array.isArray(v)) return `[${v.map(written).join(",")}]`;
  if (v === null || typeof v !== "object") return JSON.stringify(v);
  return `{${Object.entries(v).filter(([, value]) => value !== undefined).map(([name, value]) => `${JSON.stringify(name)}:${written(value)}`).join(",")}}`;
}

// api calls and returns the JSON of the answer; an error has the words of the problem.
export async function api(at, body, method = body === undefined ? "GET" : "POST", signal) {
  const response = await fetch(`${base}/api/v1${at}`, {
    method,
    signal,
    headers: body === undefined ? headers() : { ...headers(), "Content-Type": "application/json" },
    body: body === undefined ? undefined : written(body),
  });
  if (response.status === 204) return undefined;
  if (response.ok) return response.json();
  throw await problem(response);
}

// problem is what an answer says went wrong.
async function problem(response) {
  if (response.status === 401) return new NeedsToken("the server asks for its token");
  const told = await response.json().catch(() => ({}));
  const parts = (told.errors ?? []).map((e) => (e.location ? `${e.location}: ${e.message}` : e.message));
  return new Error([told.detail ?? response.statusText, ...parts].join("; "));
}

async function answer(at, options = {}) {
  const response = await fetch(`${base}/api/v1${at}`, { ...options, headers: { ...headers(), ...options.headers } });
  if (!response.ok) throw await problem(response);
  return response;
}

// bytes returns the bytes of an answer.
export async function bytes(at) {
  return new Uint8Array(await (await answer(at)).arrayBuffer());
}

// text returns the text of an answer.
export async function text(at) {
  return (await answer(at)).text();
}

// download saves an answer as the file that it is. It is fetched, as a link could not show the token.
export async function download(at) {
  const response = await answer(at);
  const [, quoted, plain] = response.headers.get("Content-Disposition")?.match(/filename=(?:"([^"]*)"|([^;]*))/) ?? [];
  save(await response.blob(), quoted ?? plain ?? "download");
}

// save offers content as a file.
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

// curl is the command that makes the same call.
export function curl(at, body, method) {
  const parts = ["curl"];
  if (method && method !== (body === undefined ? "GET" : "POST")) parts.push(`-X ${method}`);
  if (token) parts.push(`-H 'Authorization: Bearer TOKEN'`);
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quoted(written(body))}`);
  return [...parts, quoted(`${base}/api/v1${at}`)].join(" ");
}

// quoted is text as one word of a shell.
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
