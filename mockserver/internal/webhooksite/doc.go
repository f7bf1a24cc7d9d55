// Package site is the public API of webhook.site, spoken at the capture
// address: a program that was written for it works with only the base URL
// changed. The routes stand in allRoutes; the specification is the service's
// documentation (https://docs.webhook.site/api) and its open-source edition
// (https://github.com/webhooksite/webhook.site).
//
// A token is a bin whose name is the token's UUID, and a document in the store
// that says what it answers; an alias is another name for the bin. So the dashboard
// shows what a token receives, waits and verification work on it, and settings
// that the server's own API gives the bin (responses, a consumer) come before the
// token's answer. A capture is stored before anything else happens: the
// timeout, the wait for somebody's response and the answer all come after it.
//
// A request's UUID is computed from the number of its capture, and back (see
// fileID). A body that is not UTF-8 is not lost: content has U+FFFD where it
// is not, and content_base64, which the service does not have, the exact bytes.
//
// What is different on purpose:
//   - A bin is a ring: beyond request_limit the oldest requests go, and are
//     counted; the newest are not refused. Without request_limit a token's bin
//     holds what any bin holds. With 0 each request is let go once it is stored.
//   - /{token}/{status} overrides the status in exactly this form, with a
//     status of 200 to 599.
//   - Nothing is decompressed, renamed or decoded before it is stored.
//   - Rate limits of the service are not played, nor are its accounts: where
//     the server asks for a token of its own, that is the Api-Key.
//   - The address of a deleted token is that of a bin like any other; that of
//     an expired one answers 410, until room is needed for new tokens.
//   - Cells of the CSV export that a spreadsheet would take for a formula (they
//     begin with =, +, -, @, a tab or a line end) have a ' before them.
//   - request.download answers the file itself, not a redirect to it.
//   - raw answers application/json or text/plain only, as the open-source
//     edition does: what was sent does not run as a page of this address.
//   - In PUT /token/{id}, default_status, default_content, default_content_type
//     and timeout fall back to their defaults when they are left out, as in the
//     open-source edition; everything else stays.
//
// Not there: e-mail and DNS tokens, custom actions, redirects, passwords,
// subdomains as in https://{token}.host, and the push channel. What they would
// fill is null, empty or false.
package webhooksite
