// Package webhooksite is the public API of webhook.site at the capture address: a program for that
// service works with only the base URL changed. allRoutes lists the routes. The specification is
// the service's documentation (https://docs.webhook.site/api) and its open-source edition
// (https://github.com/webhooksite/webhook.site).
//
// A token is a bin whose name is the token's UUID, and a document in the store with its responses;
// an alias is another name for the bin. So the dashboard shows what a token receives, waits and
// verification work on it, and settings of the bin (responses, a consumer) come before the token's
// response. A capture is stored before anything else happens: the timeout, the wait for somebody's
// response and the response come after it.
//
// A request's UUID is computed from the number of its capture, and back (see fileID). A body that
// is not UTF-8 is not lost: content has U+FFFD for the wrong bytes, and content_base64, which the
// service does not have, the exact ones.
//
// These differences are on purpose:
//   - A bin is a ring: beyond request_limit the oldest requests are deleted and counted; the newest
//     are not refused. Without request_limit a token has the limit of any bin. With 0 a request is
//     deleted once it is stored.
//   - /{token}/{status} overrides the status in exactly this form, with a status of 200 to 599.
//   - Nothing is decompressed, renamed or decoded before it is stored.
//   - There are no rate limits and no accounts: where the server asks for its token, that is the
//     Api-Key.
//   - The address of a deleted token is that of a bin like any other; that of an expired one
//     answers 410, until new tokens need the room.
//   - Cells of the CSV export that a spreadsheet would take for a formula (they begin with =, +, -,
//     @, a tab or a line end) have a ' before them.
//   - request.download answers the file itself, not a redirect to it.
//   - raw answers application/json or text/plain only, as the open-source edition does: what
//     somebody sent does not run as a page of this address.
//   - In PUT /token/{id}, default_status, default_content, default_content_type and timeout have
//     their defaults when they are left out, as in the open-source edition; everything else stays.
//
// Missing are e-mail and DNS tokens, custom actions, redirects, passwords, subdomains as in
// https://{token}.host, and the push channel. Their members are null, empty or false.
package webhooksite
