// The dialogs: resend, keys.
import { api, curl } from "/page/api.js";
import { action, el, field, having } from "/page/dom.js";

const dialog = document.getElementById("dialog");

function open(title, ...children) {
  dialog.replaceChildren(having(el("h2", "", title), { id: "dialog-title" }), ...children);
  if (!dialog.open) dialog.showModal();
}

export function help() {
  const keys = [["/", "search"], ["j, k", "next, previous entry"], ["Enter", "open the entry"], ["r", "resend the capture"], ["y", "copy it as curl"], ["?", "this"], ["Esc", "close, or leave the search"]];
  open("Keys", el("dl", "keys", ...keys.flatMap(([key, does]) => [el("dt", "", el("kbd", "", key)), el("dd", "", does)])), closer());
}

function closer() {
  return el("p", "actions", action("Close", () => dialog.close()));
}

// resend asks where to, and whether to sign anew, and says what came of it.
export async function resend(c, capture) {
  const { items } = await api("/providers");
  const out = having(el("output", "said"), { role: "status" });
  const command = el("p", "hint");
  const signs = having(el("input"), { type: "checkbox", name: "resign" });
  const fields = el("form", "panel", field("To", "url", { value: `${capture}/${c.bin}`, required: true, size: 44, type: "url" }),
    el("label", "check", signs, "Sign it anew, now"),
    field("Provider", "provider", { options: items.map((p) => p.name), value: c.verification?.provider ?? items[0]?.name }),
    field("Secret", "secret", { autocomplete: "off" }), el("button", "action", "Resend"));
  const asked = () => {
    const f = Object.fromEntries(new FormData(fields));
    return { url: f.url, ...(signs.checked ? { resign: { provider: f.provider, secret: f.secret } } : {}) };
  };
  const path = `/captures/${encodeURIComponent(c.id)}/resend`;
  const tell = () => { command.textContent = curl(path, asked()); };
  fields.addEventListener("input", tell);
  fields.addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const a = await api(path, asked());
      out.className = a.status && a.status < 300 ? "said good" : "said bad";
      out.textContent = a.status ? `answered ${a.status} in ${a.took_ms} ms` : `${a.outcome}: ${a.error}`;
    } catch (problem) {
      out.className = "said bad";
      out.textContent = problem.message;
    }
  });
  tell();
  open(`Resend ${c.id}`, fields, out, command, closer());
}
