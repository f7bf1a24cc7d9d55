// Calls of the desk's API, and the same calls as curl commands.

let token = sessionStorage.getItem("token") ?? "";

// enter takes a token for all calls to come.
export function enter(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export function headers() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// Unknown is the error of a rig that asks for its token.
export class NeedsToken extends Error {}

// api calls and returns the JSON of the answer; an error has the words of the problem.
export async function api(path, body, method = body === undefined ? "GET" : "POST") {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: body === undefined ? headers() : { ...headers(), "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 401) throw new NeedsToken("the rig asks for its token");
  if (response.status === 204) return undefined;
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const parts = (problem.errors ?? []).map((e) => (e.location ? `${e.location}: ${e.message}` : e.message));
  throw new Error([problem.detail ?? response.statusText, ...parts].join("; "));
}

// bytes returns the bytes of an answer.
export async function bytes(path) {
  const response = await fetch(`/api/v1${path}`, { headers: headers() });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? response.statusText);
  return new Uint8Array(await response.arrayBuffer());
}

// curl is the command that makes the same call.
export function curl(path, body, method) {
  const parts = ["curl"];
  if (method && method !== "POST") parts.push(`-X ${method}`);
  if (token) parts.push(`-H 'Authorization: Bearer TOKEN'`);
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`);
  return [...parts, quoted(`${location.origin}/api/v1${path}`)].join(" ");
}

// quoted is text as one word of a shell.
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
