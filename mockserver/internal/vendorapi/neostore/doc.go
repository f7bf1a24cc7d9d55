// Package neostore is the API of The Wallet Crew (Neostore) for its clients.
//
// A webhook is an endpoint of the server: events go to the webhooks that are registered here, and
// endpoints that are registered elsewhere for the tenant are listed here. Passes, customers and
// redirects are entities of the server, whose events go to the webhooks. A response does not wait
// for deliveries.
//
// # Routes
//
//	GET    /api/{tenantId}/webhooks            Webhook.Read    200 list
//	POST   /api/{tenantId}/webhooks            Webhook.Write   200 webhook
//	GET    /api/{tenantId}/webhooks/{id}       Webhook.Read    200 webhook
//	PUT    /api/{tenantId}/webhooks/{id}       Webhook.Write   200, nothing
//	PATCH  /api/{tenantId}/webhooks/{id}       Webhook.Write   200 webhook
//	DELETE /api/{tenantId}/webhooks/{id}       Webhook.Write   200, nothing
//	GET    /api/{tenantId}/passes              Pass.Read       200 list, paged by pageIndex and pageSize, x-pagination-total
//	POST   /api/{tenantId}/passes              Pass.Write      200 pass; Pass:Created
//	GET    /api/{tenantId}/passes/{id}         Pass.Read       200 pass (*)
//	PATCH  /api/{tenantId}/passes/{id}         Pass.Write      200 pass; Pass:Updated, Pass:UpdateSent for each device (*)
//	GET    /api/{tenantId}/passes/{id}/devices Pass.Read       200 list (*)
//	POST   /api/{tenantId}/passes/{id}/devices Pass.Write      200 device; Pass:Installed unless it is there already (*)
//	DELETE /api/{tenantId}/passes/{id}/devices/{deviceIdentifier} Pass.Write 200, nothing; Pass:Uninstalled (*)
//	GET    /api/{tenantId}/customers           Customer.Read   200 list (*)
//	POST   /api/{tenantId}/customers           Customer.Write  200 customer; Customer:Upserted (*)
//	GET    /api/{tenantId}/customers/{id}      Customer.Read   200 customer (*)
//	GET    /api/{tenantId}/redirects           Redirect.Read   200 list (*)
//	POST   /api/{tenantId}/redirects           Redirect.Write  200 redirect (*)
//	GET    /api/{tenantId}/redirects/{id}      Redirect.Read   200 redirect (*)
//	DELETE /api/{tenantId}/redirects/{id}      Redirect.Write  200, nothing (*)
//	GET    /r/{id}                             no key          302; Redirect:Redirected (*)
//	GET    /authorize                          no key          a page, then back to the client (RFC 6749, section 4.2)
//	GET    /.well-known/openid-configuration   no key          where that is (*)
//	GET    /.well-known/jwks.json              no key          what tokens are verified with (*)
//
// # Where it comes from
//
// Webhooks: the guide (N0), the knowledge base (N1) and the API reference (N2, N6) that the
// provider's file lists, with the decisions that it lists as assumed, N-1 to N-29, and its options.
// Keys: N5. Passes: the API reference
// (https://docs.thewalletcrew.io/develop/api-reference/pass-management/pass), which has the list,
// the creation, their scopes, the members of a pass and the paging; its filters and sorting are
// missing here.
//
// What is marked (*) is ours, in the vendor's style: paths, scopes other than those of webhooks and
// passes, bodies. So are these:
//
//   - A member that is null counts as left out. An empty description is shown as null.
//   - A key of another tenant is 401: a key works for one tenant (N5). A token of another tenant is
//     403: it is valid. Without either, a tenant that does not exist is 401 too; with one it is
//     404.
//   - X-API-KEY comes before Authorization. A token has those of the requested scopes that the key
//     has.
//   - A token names as issuer the address at which it was issued, and every address of the server
//     takes it. Its audience is the vendor's, or such an address with /api/.
//   - A pass needs a passType; identifiers are {} and metadata null when left out.
//   - A pass has Pass:UpdateSent once for each device, after Pass:Updated.
//   - Customers are the same when one of their identifiers is. An upsert is merged (RFC 7386).
//     flowName is "api" when left out.
//   - HEAD of a minified URL redirects without an event. It may lead anywhere: its creator had a
//     key.
//   - With the option rate_limit: 60 calls at once and then one a second for each tenant.
package neostore
