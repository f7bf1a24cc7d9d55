package query

// Help explains queries in Markdown.
const Help = `A query, q, is words and fields with spaces between them; all must hold.

- word, "some words": the target, the name or the value of a header line, or the body holds this text, in any case of
  its letters. In quotes, \" is a quote and \\ a backslash. Put text with a colon in quotes: "pass:create".
- -word, NOT word: it does not hold; likewise -"some words" and -method:GET.
- method:POST, bin:orders, provider:neostore: exactly that; a method in any case.
- path:/hooks, body:text, body:"some text", header.x-event:created, problem:aborted: it holds this text. header.x-event:
  without a text is any such line, problem: any problem.
- status:503, status:5xx: what was answered.
- verdict:valid, missing, malformed, mismatch, stale: what was found of the signature.
- after:2026-01-15T09:00:00Z, before:2026-01-15, after:-14d, before:-90m: when it came. A day begins in UTC.
- larger:2K, smaller:500: the body, in bytes; K, M and G are powers of 1024.
`
