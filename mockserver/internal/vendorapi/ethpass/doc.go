// Package ethpass is ethpass for its clients: the REST API, and the Webhooks section of the
// dashboard. Passes that are created, installed, scanned and revoked here send the five events.
//
// A project is a tenant of the provider; the key in X-API-KEY names the project of a call.
// Everything below is at /v0, as on MoonPay's pages, and at /api/v0, as in the API reference of
// ethpass.
//
//	POST   /passes                              creates a pass → pass:create; 200 with id, fileURL, platform and the pass
//	GET    /passes                              lists them: contractAddress, tokenId, network, chain, ownerAddress, expired=0|1
//	GET    /passes/{id}                         byte for byte the result of its latest event; scanHistoryStartTime, scanHistoryEndTime
//	PATCH  /passes/{id}                         changes image, barcode, pass, templateId, externalId, without an event
//	GET    /passes/{id}/distribution            fileURL and platform
//	GET    /scan?data=BARCODE                   → pass:scan; with dryRun=true nothing happens
//	GET    /project                             id, name, timezone, keyCreated
//
// These are ours, because ethpass has a dashboard, wallets and a blockchain for them:
//
//	GET PUT DELETE /project/webhook             the endpoint and its Authorization; PUT is the button Update
//	GET POST /project/secret                    POST generates a project secret of 32 bytes in hex, or takes {"secret": …}
//	DELETE /passes/{id}                         revokes → pass:expire with USER_REVOKE, or with that of ?expireAction=
//	POST   /passes/{id}/registrations           a wallet installs the pass → pass:register
//	DELETE /passes/{id}/registrations/{id}      a wallet removes it → pass:unregister
//	PUT    /passes/{id}/ownership               {"valid": false}: the owner no longer has the tokens
//	GET    /files/{project}/{id}                the target of fileURL, without a key: the pass described as JSON
//
// The dashboard is at / and /webhooks: endpoint, Update, secret, passes with Revoke. It asks for
// the project's key once.
//
// # Where it comes from
//
// "Using Webhooks", "Creating Passes", "Querying Passes", "Updating Passes", "Scanning Passes",
// "Fetching Scan History" and "Using Pass Barcodes" at dev.moonpay.com/docs; the API reference at
// docs.ethpass.xyz/api-reference; for the response to a scan, the scanner of
// github.com/patrick-pc/ethpasskit. The provider file has the form of the events, with its options
// unset, network and chain, which count here too.
//
// # What no document says
//
// Errors are a JSON object with a message: 400, 401, 404, 405, 413, 415, and 409 for what is not
// possible for the pass now, such as to expire twice. The list is an array, oldest first, at most
// 1000; limit and offset page it, and X-Total-Count is the total. Unknown parameters are ignored.
//
// Signatures are not verified, and no chain is read: the owner is wallet.address, or an address
// that is computed from the signature; on Solana it is generated. A scan finds the tokens valid
// until /passes/{id}/ownership changes that. Without a platform a pass is Apple's. A pass of a
// wallet alone has no nfts.
//
// A scan answers with the pass before the scan, with message, scanResult.valid and nfts[].valid:
// ethpasskit takes a lastScannedAt for an earlier scan. The message is the barcode's. The scan of
// an expired pass has another message and no event. Each entry of scanHistory has scannedAt and
// message; the last 1000 scans are stored.
//
// PATCH merges barcode and pass member by member; null removes one.
//
// A project has one endpoint (E-10). Endpoints that others registered for it are shown here, and
// Update replaces them.
package ethpass
