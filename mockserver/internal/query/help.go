package query

// Help explains queries in Markdown.
const Help = `A query, q, is words and fields with spaces between them. A capture must match all of them.

- word, "some words": the URL, the headers (name or value) or the body contain this text, case-insensitive. In quotes,
  write \" for a quote and \\ for a backslash. Put text with a colon in quotes: "pass:create".
- -word, NOT word: excludes matches; also -"some words" and -method:GET.
- method:POST, bin:orders, provider:neostore: exact match; a method is case-insensitive.
- path:/hooks, body:text, body:"some text", header.x-event:created, problem:aborted: contains this text. header.x-event:
  without a text matches any such line, problem: any problem.
- status:503, status:5xx: the status of the response.
- verdict:valid, missing, malformed, mismatch, stale: the result of the signature check.
- after:2026-01-15T09:00:00Z, before:2026-01-15, after:-14d, before:-90m: the time of arrival. A day begins in UTC.
- larger:2K, smaller:500: the size of the body in bytes; K, M and G are powers of 1024.
`
