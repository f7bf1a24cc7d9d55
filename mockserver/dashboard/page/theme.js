// The theme: light or dark, by default that of the browser.
import { assign } from "./dom.js";

const next = { "": "dark", dark: "light", light: "" };
const titles = { "": "as the system", dark: "dark", light: "light" };

// theme makes a button switch the theme, which the browser remembers.
export function theme(button) {
  const set = (name) => {
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("theme", name);
    assign(button, { title: `Theme: ${titles[name]}`, ariaLabel: `Theme: ${titles[name]}` });
  };
  button.addEventListener("click", () => set(next[localStorage.getItem("theme") ?? ""] ?? ""));
  set(localStorage.getItem("theme") ?? "");
}
