// The page that shows the API's description: operations by group, with parameters, responses and a
// curl command.
import { base } from "./api.js";
import { el, assign, copier } from "./dom.js";

const methods = ["get", "post", "put", "delete"];
const $ = (id) => document.getElementById(id);
let doc;

// prose converts the Markdown of the description: paragraphs, and lists of lines that begin with "-
// ".
const prose = (text) => text.trim().split(/\n\s*\n/).map((part) => (part.startsWith("- ")
  ? el("ul", "prose", ...part.slice(2).split(/\n- /).map((line) => el("li", "", line)))
  : el("p", "", part)));

// resolved returns the schema that a reference names.
const resolved = (schema) => (schema?.$ref ? doc.components.schemas[nameOf(schema)] : schema);
const nameOf = (schema) => schema.$ref.split("/").pop();

// typeOf returns the type of a schema as text.
function typeOf(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return nameOf(schema);
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" or ");
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return several.map(typeOf).join(" or ");
  const types = [schema.type ?? "anything"].flat().map((type) => {
    if (type === "array") return `list of ${typeOf(schema.items)}`;
    if (type === "object" && schema.additionalProperties && !schema.properties) return `object of ${typeOf(schema.additionalProperties)}`;
    if (type === "string" && schema.contentEncoding) return `string, ${schema.contentEncoding}`;
    if (type === "string" && schema.format) return `string, ${schema.format}`;
    return type;
  });
  return types.join(" or ");
}

// bounds returns the default and the limits of a value as text.
function bounds(schema) {
  const texts = [];
  if (schema.default !== undefined) texts.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.minimum !== undefined && schema.maximum !== undefined) texts.push(`${schema.minimum} to ${schema.maximum}`);
  else if (schema.minimum) texts.push(`at least ${schema.minimum}`);
  else if (schema.maximum !== undefined) texts.push(`at most ${schema.maximum}`);
  return texts;
}

// inner returns the object schema to show below a member: the schema itself, that of its items, or
// the first one of several.
function inner(schema) {
  if (!schema) return null;
  const s = resolved(schema);
  if (s.properties) return { schema: s, name: schema.$ref ? nameOf(schema) : "members" };
  if (s.items) return inner(s.items);
  if (s.additionalProperties && typeof s.additionalProperties === "object") return inner(s.additionalProperties);
  for (const one of s.oneOf ?? s.anyOf ?? []) {
    const found = inner(one);
    if (found) return found;
  }
  return null;
}

// item is one parameter or member.
function item(name, schema, { required, description, where, above = [] }) {
  const type = [where, typeOf(schema), ...bounds(schema)].filter(Boolean).join(" · ");
  const line = el("div", "name", el("code", "", name), el("span", "type", type), required ? el("span", "must", "required") : "");
  const text = description ?? schema.description ?? resolved(schema).description;
  const below = inner(schema);
  if (!below || above.includes(below.schema)) return el("li", "", line, text ? el("p", "quiet", text) : "");
  const more = el("details", "", el("summary", "", below.name));
  more.addEventListener("toggle", () => {
    if (more.open && !more.querySelector("ul")) more.append(members(below.schema, above));
  });
  return el("li", "", line, text ? el("p", "quiet", text) : "", more);
}

// members lists the members of an object, the required ones first.
function members(schema, above = []) {
  const required = schema.required ?? [];
  const names = Object.keys(schema.properties).sort((a, b) => required.includes(b) - required.includes(a));
  return el("ul", "fields", ...names.map((name) =>
    // item shows one parameter or member.
    item(name, schema.properties[name], { required: required.includes(name), above: [...above, schema] })));
}

// body shows a schema: its type and members.
function body(schema) {
  const found = inner(schema);
  return el("div", "", el("p", "type", typeOf(schema)), found ? members(found.schema) : "");
}

// quoted returns text as one word of a shell.
const quoted = (word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

// curl returns the command for an operation, with its required parameters and an example of its
// body.
function curl(method, path, op) {
  const given = (p) => String(p.example ?? p.schema?.enum?.[0] ?? p.name.toUpperCase());
  let address = path;
  const query = [];
  for (const p of op.parameters ?? []) {
    if (p.in === "path") address = address.replace(`{${p.name}}`, encodeURIComponent(given(p)));
    else if (p.in === "query" && p.required) query.push(`${p.name}=${encodeURIComponent(given(p))}`);
  }
  if (query.length) address += `?${query.join("&")}`;
  const words = ["curl"];
  if (op.responses["200"]?.content?.["text/event-stream"]) words.push("-N");
  const example = op.requestBody?.content["application/json"]?.example;
  if (method !== "get" && !(method === "post" && example)) words.push("-X", method.toUpperCase());
  words.push(quoted(base + address));
  if (!example) return words.join(" ");
  return `${words.join(" ")} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(example))}`;
}

function operation(method, path, op) {
  const parts = [];
  if (op.description) parts.push(...prose(op.description));
  parts.push(el("h3", "", "Try it"));
  const command = curl(method, path, op);
  parts.push(el("div", "code", el("pre", "curl", command), copier("Copy", command)));
  if (op.parameters?.length) {
    parts.push(el("h3", "", "Parameters"), el("ul", "fields", ...op.parameters.map((p) => item(p.name, p.schema, { ...p, where: p.in }))));
  }
  for (const [type, media] of Object.entries(op.requestBody?.content ?? {})) {
    parts.push(el("h3", "", `Body, ${type}${op.requestBody.required ? "" : ", optional"}`), body(media.schema));
  }
  parts.push(el("h3", "", "Responses"));
  for (const [status, answer] of Object.entries(op.responses)) {
    const types = Object.keys(answer.content ?? {});
    const problem = status === "default";
    parts.push(el("div", "response", el("code", "", problem ? "4xx, 5xx" : status), el("span", "quiet", [answer.description, ...types].join(" · "))));
    const schema = answer.content?.[types[0]]?.schema;
    const shown = schema && inner(schema);
    if (!shown) continue;
    const more = el("details", "", el("summary", "", typeOf(schema)), members(shown.schema));
    more.open = !problem;
    parts.push(el("div", "fields", more));
  }
  const box = assign(el("details", "operation",
    el("summary", "", el("span", `method ${method}`, method.toUpperCase()), el("span", "path", path.replace("/api/v1", "")), el("span", "quiet", op.summary)),
  ), { id: op.operationId });
  // It is rendered when you open it, because there are many long ones.
  box.addEventListener("toggle", () => {
    if (box.open && !box.querySelector(".inside")) box.append(el("div", "inside", ...parts));
  });
  box.dataset.text = `${method} ${path} ${op.operationId} ${op.summary} ${op.description ?? ""}`.toLowerCase();
  return box;
}

// open shows the operation that the URL names.
function open() {
  const id = location.hash.slice(1);
  for (const link of $("index").querySelectorAll("a")) link.classList.toggle("chosen", link.hash === `#${id}`);
  const box = document.getElementById(id);
  if (!box?.matches(".operation")) return;
  box.open = true;
  box.scrollIntoView();
}

// find hides operations that do not contain all words.
function find() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of $("docs").querySelectorAll("section")) {
    let left = 0;
    for (const box of section.querySelectorAll(".operation")) {
      box.hidden = !words.every((word) => box.dataset.text.includes(word));
      $("index").querySelector(`a[href="#${box.id}"]`).hidden = box.hidden;
      left += !box.hidden;
    }
    section.hidden = !left;
    $("index").querySelector(`[data-group="${section.dataset.group}"]`).hidden = !left;
  }
}

async function load() {
  const response = await fetch(`${base}/api/openapi.json`);
  if (!response.ok) throw new Error(`/api/openapi.json answered ${response.status}`);
  doc = await response.json();
  const sections = [], index = [];
  for (const group of doc.tags) {
    const boxes = [];
    index.push(assign(el("h2", "", group.name), { "data-group": group.name }));
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const method of methods) {
        const op = item[method];
        if (op?.tags[0] !== group.name) continue;
        boxes.push(operation(method, path, op));
        index.push(assign(el("a", "", el("span", `method ${method}`, method.toUpperCase()), path.replace("/api/v1", "")), { href: `#${op.operationId}` }));
      }
    }
    const section = el("section", "", el("h2", "", group.name), el("p", "quiet", group.description), ...boxes);
    section.dataset.group = group.name;
    section.setAttribute("aria-label", group.name);
    sections.push(section);
  }
  $("index").replaceChildren(...index);
  $("docs").replaceChildren(el("div", "about", ...prose(doc.info.description), el("p", "", "All paths begin with ", el("code", "", "/api/v1"), ".")), ...sections);
  $("find").addEventListener("input", find);
  addEventListener("hashchange", open);
  open();
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
load().catch((problem) => $("docs").replaceChildren(el("p", "", problem.message)));
