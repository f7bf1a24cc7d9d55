"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (text) => { document.getElementById("said").textContent = text; };
  all(".copy, .actions").forEach((e) => { e.hidden = false; });

  const copyByCommand = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy");
  };
  const copy = async (button) => {
    const source = button.parentElement.querySelector("code");
    let copied = true;
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      copied = copyByCommand(source);
    }
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    say(button.textContent);
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  all(".copy").forEach((button) => button.addEventListener("click", () => copy(button)));

  document.getElementById("open").addEventListener("click", () => all("details").forEach((e) => { e.open = true; }));
  document.getElementById("close").addEventListener("click", () => all("details").forEach((e) => { e.open = false; }));

  // A link to a step opens it.
  const show = () => {
    const step = location.hash && document.getElementById(location.hash.slice(1));
    const details = step && step.querySelector("details");
    if (details) details.open = true;
  };
  addEventListener("hashchange", show);
  show();

  // What did not pass is printed in full.
  const closed = [];
  addEventListener("beforeprint", () => all(".step:is(.failed, .error, .inconclusive) details:not([open])").forEach((e) => { closed.push(e); e.open = true; }));
  addEventListener("afterprint", () => closed.splice(0).forEach((e) => { e.open = false; }));
})();
