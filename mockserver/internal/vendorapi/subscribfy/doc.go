// Package subscribfy is Subscribfy's settings panel for webhooks, as a page and as an API, and the
// calls whose events are its 30 topics. Package vendorapi says where it is served.
//
// The real panel is a page of a Shopify app. Its guide ("Webhook Event Guide", Subscribfy's help
// centre) describes it in six steps, and no document describes an API. So the page follows the
// guide, and these are our own choice: the paths and bodies of the API, the X-API-KEY header with
// the store's key, errors in Laravel's form ({"message": …, "errors": {field: […]}}), and responses
// in that of Laravel's resources ({"data": …}; lists with meta, ?page=N), with the topics of the
// call's events in "topics", in order. The provider's file says what is delivered and what of it no
// document states; rows such as S-7 are those of its list.
//
// A store is a tenant. Paths name it by its domain or the first part of it: demo is
// demo.myshopify.com. A call without a known key is 401, with another store's key 403. A body that
// cannot be read is 400 or 415, one that is wrong 422, and an event that is not possible now 409,
// with those that are.
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
// Each URL of a store is one endpoint of the dispatcher with its topics. Endpoints that others
// register for the store are in the panel too, unless they are disabled. A list has the order in
// which the store first entered its URLs. A store has no token until it generates one, and before
// that nothing is saved or tested: nobody could verify with a token that was never shown.
// Regenerating changes every endpoint of the store before it answers, so the next attempt of a
// queued delivery is signed with the new token.
//
// A Test Call sends made-up data that may contradict its topic, like the guide's examples. It is
// tried once, and answers when every URL has been tried, or after 35 seconds. The journal has its
// events in the stream TestCall.
//
// # The page
//
//	GET  /                                   the stores
//	GET  /stores/{store}/settings/webhooks   the panel; it asks for the store's key once in a session
//
// It needs no script. A session is a cookie and ends with the server; each of its forms carries a
// value that other pages do not know.
//
// # What happens in a store
//
// What a body leaves out is generated. Shop and customer are what the calls are named after:
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
// wallets, memberships and product-subscriptions are listed and read by GET, those of one customer
// below the customer.
//
// What a customer has shows the current customer, and a change of the customer shows in all of it.
// Points change by loyalty/points_changed only. When they leave the tier, loyalty/tier_changed or
// loyalty/tier_lost follows at once: one event to the right tier, however far it is. The tiers are
// those of the provider's file, Bronze, Silver and Gold, with the store's own active ones; one of
// the store's replaces the one of its name. A changed tier counts with the customer's next points.
package subscribfy
