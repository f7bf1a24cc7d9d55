// Light or dark: as the browser says, unless one is chosen.
import { having } from "./dom.js";

const next = { "": "dark", dark: "light", light: "" };
const said = { "": "as the system", dark: "dark", light: "light" };

// theme has a button go through the themes, and keeps the one that is chosen.
export function theme(button) {
  const set = (name) => {
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("theme", name);
    having(button, { title: `Theme: ${said[name]}`, ariaLabel: `Theme: ${said[name]}` });
  };
  button.addEventListener("click", () => set(next[localStorage.getItem("theme") ?? ""] ?? ""));
  set(localStorage.getItem("theme") ?? "");
}
