// A reader of the event stream that can send a token, unlike EventSource.
import { NeedsToken } from "./api.js";

// follow calls the handler of each event, by its name. It reconnects and resumes the stream, or
// starts a new one if the server lost its records. onState gets live or lost.
export async function follow(url, headers, handlers, onState) {
  let last = "";
  let lost = false;
  for (let pause = 250; ; pause = Math.min(pause * 2, 8000)) {
    try {
      if (lost && last && await handlers.restarted(last)) {
        last = "";
        handlers.skipped();
      }
      const response = await fetch(url, { headers: last ? { ...headers(), "Last-Event-ID": last } : headers() });
      if (response.status === 401) throw new NeedsToken("the server needs its token");
      if (!response.ok) throw new Error(`the stream answered ${response.status}`);
      pause = 250;
      onState("live");
      for await (const event of events(response.body)) {
        last = event.id || last;
        handlers[event.name]?.(JSON.parse(event.data));
      }
      throw new Error("the server closed the stream");
    } catch (problem) {
      lost = true;
      onState("lost", problem.message);
      if (problem instanceof NeedsToken) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// events splits a body into events.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { id: "", name: "message", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("id: ")) event.id = line.slice(4);
        else if (line.startsWith("event: ")) event.name = line.slice(7);
        else if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      if (event.data) yield event;
    }
  }
}
