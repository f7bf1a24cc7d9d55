// Package subscribfy is Subscribfy's settings panel for webhooks, as a page and as an API, and the things whose calls
// make its 30 topics. See package vendorapi for where it is served.
//
// The real panel is a page of a Shopify app; its guide ("Webhook Event Guide", Subscribfy's help centre) describes it in
// six steps, and no document describes an API. So the page follows the guide, and these are our own choice: the paths
// and bodies of the API, the X-API-KEY header and the store's key in it, errors as Laravel writes them ({"message": …,
// "errors": {field: […]}}), and answers as Laravel's resources ({"data": …}; lists with meta, ?page=N), which name in
// "topics" what the call has made happen, in order. What is delivered, and what of it no document states, stands in the
// provider's file; rows such as S-7 are those of its list.
//
// A store is a tenant. Paths name it by its domain or the first part of it: demo is demo.myshopify.com. A call without
// a key that is known is 401, with another store's 403; what cannot be read is 400 or 415, what can be read and is wrong
// 422, and what cannot happen now 409 with what can.
//
// # The panel
//
//	GET  /stores/{store}/webhooks                        categories, their events with their URLs, token, retry profile
//	GET  /stores/{store}/webhooks/{topic}                one event
//	PUT  /stores/{store}/webhooks/{topic}                Save: {"urls": "https://a, https://b"}, or a list
//	PUT  /stores/{store}/webhooks/categories/{category}  Save for all its events: wallet_pass, membership, product_subscription, loyalty
//	POST /stores/{store}/webhooks/{topic}/test           Test Call: {"urls": …}, saved or not; without, to the saved ones
//	POST /stores/{store}/webhooks/token                  generates or regenerates the Subscribfy Token, and shows it this once
//	PUT  /stores/{store}/webhooks/settings               {"retry": "spatie-default"} or "none"
//
// Each URL of a store is one endpoint of the dispatcher with the topics that it has; what others register for the store
// is in the panel too, unless it is disabled. A list comes back in the order in which the store first entered its URLs. A
// store has no token until it generates one, and nothing is saved or tested before: a token that nobody was shown could
// not be verified with. Regenerating changes every endpoint of the store before it answers, so the next attempt of
// whatever is queued is signed with the new token.
//
// A Test Call sends what the guide's examples are: made-up data that may contradict its topic. It is tried once, and
// answers when every URL has been tried, or after 35 seconds. The journal has its events in the stream TestCall.
//
// # The page
//
//	GET  /                                   the stores
//	GET  /stores/{store}/settings/webhooks   the panel; it asks for the store's key once in a session
//
// It needs no script. A session is a cookie and ends with the server; each of its forms carries a value that other pages
// do not know.
//
// # What happens in a store
//
// A body gives what it gives, and the rest is drawn. Shop and customer are what the calls are named after:
//
//	GET, POST /stores/{store}/customers                        email, name, loyalty_points, store_credits, birth_date
//	GET       /stores/{store}/customers/{id}                   the digits of gid://shopify/Customer/…
//	POST      /stores/{store}/customers/{id}/wallet            wallet_pass/created; a customer has one
//	POST      /stores/{store}/wallets/{serial}/install         also remove, and update: loyalty_points, store_credits
//	POST      /stores/{store}/customers/{id}/memberships       plan, price, credits, currency, payment_frequency
//	POST      /stores/{store}/memberships/{id}/bill            success, amount, error_code, error_message
//	POST      /stores/{store}/memberships/{id}/pause           also reactivate, and cancel: cancellation_reason
//	POST      /stores/{store}/memberships/{id}/store-credits   message, value, type: Earn or Redeem
//	POST      /stores/{store}/memberships/{id}/update          update_reason, payment_frequency, price, next_order_date
//	POST      /stores/{store}/customers/{id}/product-subscriptions   product, quantity, shipping, currency, payment_frequency
//	POST      /stores/{store}/product-subscriptions/{id}/bill  also pause, reactivate, cancel
//	POST      /stores/{store}/product-subscriptions/{id}/update      update_reason, update_detail, payment_frequency,
//	                                                           next_order_date, shipping, line, price, quantity, product
//	GET, POST /stores/{store}/loyalty/rules                    name, type, points, status; PUT …/{id} changes one
//	GET, POST /stores/{store}/loyalty/tiers                    name, min_points, points_multiplier, status
//	GET, POST /stores/{store}/loyalty/coupons                  title, discount_type, discount_value, points_cost, status
//	POST      /stores/{store}/customers/{id}/loyalty/points    message, value (with a sign), type: Earn, Redeem or Adjust
//	POST      /stores/{store}/customers/{id}/loyalty/rules/{rule}/complete
//	POST      /stores/{store}/customers/{id}/loyalty/coupons/{coupon}/redeem   discount_code
//
// wallets, memberships and product-subscriptions are listed and read by GET, those of one customer below the customer.
//
// What a customer has shows the customer as it stands at that moment, and what it changes is seen by the rest. Points
// change by loyalty/points_changed only, and when they leave the tier, loyalty/tier_changed or loyalty/tier_lost follows
// at once: one event to the right tier, however many are passed. The ladder is that of the provider's file, Bronze, Silver
// and Gold, with the store's own tiers that are active; one of the store's takes the place of the one of its name. A tier
// that moves under a customer counts with the customer's next points.
package subscribfy
