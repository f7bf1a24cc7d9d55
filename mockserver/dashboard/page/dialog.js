// The dialog. It has a title and a close button.
import { action, el, assign } from "./dom.js";

const dialog = document.getElementById("dialog");
// A click on the backdrop closes the dialog.
dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); });

// open shows content under a title and focuses the first field.
export function open(title, ...content) {
  const heading = assign(el("h2", "", title), { id: "dialog-title" });
  dialog.replaceChildren(el("div", "sheet", el("div", "title", heading, action("Close", close, { symbol: "close", className: "quiet" })), ...content));
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(".sheet > :not(.title) :is(input, select, textarea, button)"))?.focus();
}

export function close() { dialog.close(); }

// ask shows a form, with the command that does the same below it. onSubmit handles the form and
// returns what to show, or nothing to close the dialog. command returns the command for the current
// values.
export function ask(title, onSubmit, command, ...fields) {
  const out = assign(el("div", "outcome"), { role: "status" });
  const line = el("pre", "hint same");
  const f = el("form", "sheet-form", ...fields);
  const values = () => Object.fromEntries(new FormData(f));
  const update = () => {
    try {
      line.textContent = command(values());
    } catch {
      line.textContent = "";
    }
  };
  f.addEventListener("input", update);
  f.addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const result = await onSubmit(values());
      if (result === undefined) close();
      else out.replaceChildren(...[result].flat());
    } catch (problem) {
      out.replaceChildren(el("div", "note bad", problem.message));
    }
  });
  open(title, f, out, line);
  update();
  return { form: f, update };
}

// help lists the keys.
export function help() {
  const keys = [["/", "search"], ["j", "next entry"], ["k", "previous entry"], ["Enter", "open the focused entry"], ["r", "resend the open capture"],
    ["y", "copy it as curl"], ["?", "this list"], ["Esc", "close the dialog; from the search or the detail, go back to the list"],
    ["← →", "previous and next tab; fold and unfold in JSON"], ["↑ ↓", "next and previous fold in JSON"]];
  open("Keys", el("dl", "keys", ...keys.flatMap(([key, meaning]) => [el("dt", "", ...key.split(" ").map((k) => el("kbd", "", k))), el("dd", "", meaning)])));
}
