// The dialog: one at a time, with a title and a close button.
import { action, el, having } from "./dom.js";

const dialog = document.getElementById("dialog");
dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); }); // on the ground behind it

// open shows content under a title; the first field has the focus.
export function open(title, ...content) {
  const heading = having(el("h2", "", title), { id: "dialog-title" });
  dialog.replaceChildren(el("div", "sheet", el("div", "title", heading, action("Close", close, { symbol: "close", className: "quiet" })), ...content));
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(".sheet > :not(.title) :is(input, select, textarea, button)"))?.focus();
}

export function close() { dialog.close(); }

// ask shows a form, and says beneath it what came of sending it, and which command does the same. does returns what to say, or
// nothing to close the dialog; command returns a command for what is filled in.
export function ask(title, does, command, ...fields) {
  const out = having(el("div", "outcome"), { role: "status" });
  const line = el("pre", "hint same");
  const f = el("form", "sheet-form", ...fields);
  const values = () => Object.fromEntries(new FormData(f));
  const tell = () => {
    try {
      line.textContent = command(values());
    } catch {
      line.textContent = "";
    }
  };
  f.addEventListener("input", tell);
  f.addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const said = await does(values());
      if (said === undefined) close();
      else out.replaceChildren(...[said].flat());
    } catch (problem) {
      out.replaceChildren(el("div", "note bad", problem.message));
    }
  });
  open(title, f, out, line);
  tell();
  return { form: f, tell };
}

// help lists the keys.
export function help() {
  const keys = [["/", "search"], ["j", "next entry"], ["k", "previous entry"], ["Enter", "open the entry that has the focus"], ["r", "resend the capture that is open"],
    ["y", "copy it as curl"], ["?", "this list"], ["Esc", "close what is open; from the search or the detail, back to the list"],
    ["← →", "other tab, while one has the focus; fold and unfold in JSON"], ["↑ ↓", "next and previous fold in JSON"]];
  open("Keys", el("dl", "keys", ...keys.flatMap(([key, does]) => [el("dt", "", ...key.split(" ").map((k) => el("kbd", "", k))), el("dd", "", does)])));
}
