// Package dashboard is the HTTP API and the web page of a server.
//
// Handler makes both. The API is at /api/v1 and speaks JSON. Records are those of package journal
// with all members, null or empty where there is no value; lists are {items, next}; errors are
// problem details (RFC 9457). /api/openapi.json describes the API (OpenAPI 3.1), and /api/docs
// shows the description. The page at / uses the same API and shows bins, captures and deliveries
// live: /api/v1/stream sends new records. WithManual adds a manual at /manual.
//
// Handlers refuse unknown parameters and members and suggest the nearest known name. They accept
// short forms: one secret or several, 2s or 2 (seconds), one response, a list of responses or a
// script. The body of a write must be application/json, or application/x-ndjson for an import,
// because a form of another site cannot send these types. Imports and exports are streams, so that
// they need little memory, however large a bin is. Package mockserver checks in front of the
// dashboard who may call it.
package dashboard
