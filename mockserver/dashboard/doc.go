// Package dashboard is the HTTP API and the web page over a server.
//
// Handler makes both. The API lies under /api/v1 and speaks JSON: the records of package journal with every member
// there, null or empty where there is nothing, lists as {items, next}, errors as problem details (RFC 9457). It describes
// itself at /api/openapi.json (OpenAPI 3.1), with a page to read it at /api/docs. The page at / shows bins,
// captures and deliveries as they come in, by the same API: /api/v1/stream tells what is new. WithManual adds a manual at /manual.
//
// Requests are read strictly: an unknown parameter or member is an error that names the nearest one there is. Where there
// is more than one plain way to say a thing, each is taken: one secret or several, 2s or 2 (seconds), one response, a list
// of them or a script. What is written must be application/json, or application/x-ndjson for an import, which no form of
// another site can send. Files go in and out as streams: however large a bin is, few captures are held at a time. Who may call at
// all is decided in front of the dashboard, by package mockserver.
package dashboard
