// Package ethpass is ethpass as its clients meet it: the REST API, and the dashboard's Webhooks section. Passes that are
// made, installed, scanned and revoked here send the five events.
//
// A project is a tenant of the provider; the key in X-API-KEY says which one a call is for. Everything below is at /v0 and
// at /api/v0: the API reference of ethpass has the second, MoonPay's pages the first.
//
//	POST   /passes                              makes a pass → pass:create; 200 with id, fileURL, platform and the pass
//	GET    /passes                              lists them: contractAddress, tokenId, network, chain, ownerAddress, expired=0|1
//	GET    /passes/{id}                         byte for byte the result of its latest event; scanHistoryStartTime, scanHistoryEndTime
//	PATCH  /passes/{id}                         changes image, barcode, pass, templateId, externalId; no event tells of it
//	GET    /passes/{id}/distribution            fileURL and platform
//	GET    /scan?data=BARCODE                   → pass:scan; with dryRun=true nothing happens
//	GET    /project                             id, name, timezone, keyCreated
//
// Of our own, because ethpass has a dashboard, wallets and a blockchain for it:
//
//	GET PUT DELETE /project/webhook             the endpoint and its Authorization; PUT is the button Update
//	GET POST /project/secret                    POST generates a project secret of 32 bytes in hex, or takes {"secret": …}
//	DELETE /passes/{id}                         revokes → pass:expire with USER_REVOKE, or with what ?expireAction= says
//	POST   /passes/{id}/registrations           a wallet installs the pass → pass:register
//	DELETE /passes/{id}/registrations/{id}      a wallet removes it → pass:unregister
//	PUT    /passes/{id}/ownership               {"valid": false}: the owner does not hold the tokens any more
//	GET    /files/{project}/{id}                what fileURL leads to, without a key: the pass described as JSON
//
// The dashboard is at / and /webhooks: endpoint, Update, secret, passes with Revoke. It asks for the project's key once.
//
// # Where it comes from
//
// "Using Webhooks", "Creating Passes", "Querying Passes", "Updating Passes", "Scanning Passes", "Fetching Scan History" and
// "Using Pass Barcodes" at dev.moonpay.com/docs; the API reference at docs.ethpass.xyz/api-reference; the scanner of
// github.com/patrick-pc/ethpasskit for what a scan answers. What the events look like is the provider file's, with its
// options unset, network and chain, which hold here too.
//
// # What no document says
//
// Errors are a JSON object with a message: 400, 401, 404, 405, 413, 415, and 409 for what a pass cannot do as it stands, such
// as expire twice. The list is an array, oldest first, at most 1000; limit and offset page it, and X-Total-Count says how
// many there are. A parameter that is not known is passed over.
//
// Signatures are not verified, and no chain is read: the owner is wallet.address, or an address worked out of the signature
// that is the same for the same signature; of Solana, one that is drawn. A scan finds the tokens valid until
// /passes/{id}/ownership says otherwise. Without a platform a pass is Apple's. A pass of a wallet alone has no nfts.
//
// A scan answers with the pass as it was before the scan, with message, scanResult.valid and nfts[].valid: ethpasskit takes
// a lastScannedAt for an earlier scan. The message is the barcode's; of a pass that has expired it says so, and no event is sent.
// Each entry of scanHistory has scannedAt and message; the last 1000 scans are remembered.
//
// PATCH merges barcode and pass member by member; null removes one.
//
// A project has one endpoint (E-10). What was registered for it otherwise shows here, and Update takes its place.
package ethpass
