// Package delivery plays the systems that send webhooks: it keeps the endpoints that consumers
// registered, turns events into deliveries, and makes the attempts when they are due, signed,
// spoiled on purpose where a fault says so, and written into the journal byte for byte.
//
//	d, err := delivery.New(ctx, delivery.Options{Store: store, Virtual: true})
//	e, err := d.Register(ctx, journal.Endpoint{Provider: "neostore", URL: url, Events: []string{"Pass:*"}})
//	list, err := d.Emit(ctx, "neostore", delivery.Emission{Event: "Pass:Created"})
//	clock, err := d.Advance(ctx, 72*time.Hour)
//
// # The path of an event
//
// File delivery.go has the path of an event from the caller to the socket, from top to bottom, in
// five steps:
//
//  1. EmitAll, or Deliver for one endpoint, renders the event, whose bytes are fixed from then on,
//     and finds the endpoints that subscribe to it.
//  2. enqueue writes one delivery for each endpoint into the journal, and then puts it onto the
//     schedule.
//  3. run, a worker of the schedule, takes what is due.
//  4. attempt has the request sent, and records the result: delivered, stopped, exhausted, or
//     pending until the time that Next returns.
//  5. send builds and signs the request over those very bytes, does the faults to it, and hands it
//     to wire.Client.
//
// # The schedule
//
// The schedule is a heap in the order (due, sequence). A few workers make what is due; half of them
// at most serve one endpoint, so that a consumer that hangs does not keep the others waiting. A
// provider that delivers in order makes the first attempts one at a time, to one endpoint or about
// one entity, in the order in which the events were emitted (lane). A retry holds nothing back and
// may be overtaken, unless the provider blocks on a failure.
//
// # Policies
//
// An endpoint has fixtures.Rules and a fixtures.Retry: those of its provider, or of a vendor's
// policy. Next decides what follows a failed attempt (retry.go). What is counted about an endpoint
// (health.go) may end or pause it (enforce.go), which a Notice tells; the counts are in the store.
//
// The clock is real or virtual. A virtual clock moves only by Advance, which goes from due time to
// due time and makes every attempt: three days of retries in milliseconds. Only the schedule is
// virtual. Time limits for a consumer's response, and the timestamps of signatures, are wall time.
//
// # Faults
//
// Package fault has what can be done wrong on purpose, and does it to requests. What concerns whole
// deliveries is done here: copies, one after the other or all at the same time, another order,
// delay, hold and release, and dropped attempts. A fault that is not possible for a request, such
// as a missing signature where there is none, is refused when the event is emitted.
//
// # Runs
//
// A run shares the dispatcher with others without seeing them: endpoints that are registered in it
// get the events that are emitted in it and no others, and their deliveries follow the run's own
// clock. Each scenario has a run.
//
// # Several servers
//
// Servers that share a store make each delivery on one of them, its owner (own.go, and
// journal.Leases). A server that is not sure to be seen by the others stops, and finds out what it
// still owns when it is. Then it holds over all servers what holds on one: attempts of a delivery
// come one after the other and are numbered without a gap; deliveries in order are in order,
// because one server has all that are pending for the endpoint; and what a policy counts about an
// endpoint is counted once. The limits of concurrency are not shared: each server has its own.
// Copies that a fault sends at once stay with the server that emits them. A run belongs to its
// server, and its deliveries are stopped when that ends.
//
// An attempt is recorded after it was made. If the server ends in between, or loses the delivery
// while the database is away, the next owner makes the attempt with that number again: the consumer
// sees it twice, the journal once.
//
// # Restart
//
// Endpoints are documents and deliveries records of the store. New continues the deliveries that an
// earlier process left pending: an attempt whose outcome was not recorded is made again, so that an
// event is delivered at least once.
package delivery
