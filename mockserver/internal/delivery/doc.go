// Package provider plays the systems that send webhooks: it keeps the
// endpoints that consumers registered, turns events into deliveries, and makes
// the attempts when they are due, signed, spoiled on purpose where a fault
// says so, and written down in the journal byte for byte.
//
//	d, err := provider.New(ctx, provider.Options{Store: store, Virtual: true})
//	e, err := d.Register(ctx, journal.Endpoint{Provider: "neostore", URL: url, Events: []string{"Pass:*"}})
//	list, err := d.Emit(ctx, "neostore", provider.Emission{Event: "Pass:Created"})
//	clock, err := d.Advance(ctx, 72*time.Hour)
//
// # The way of an event
//
// Emit renders the event, whose bytes are fixed from then on, and finds the
// endpoints of its tenant that subscribe to it. Each gets one delivery, which
// is in the journal before anything is sent. The schedule starts it when it is
// due: the request is built and signed over those very bytes (request), sent
// and recorded (attempt), and checked: delivered, stopped, exhausted, or tried
// again at the time that Next says.
//
// # The schedule
//
// What waits stands in a heap in the order (due, sequence). A few workers make
// what is due; half of them at most serve one endpoint, so that a consumer that
// hangs does not keep the others waiting. Of a provider that delivers in order
// (per_endpoint_fifo) the first attempts to one endpoint go one at a time, in
// the order in which they were emitted; a retry keeps nothing back and may be
// overtaken.
//
// The clock is real, or virtual: then it stands still until Advance, which goes
// from due time to due time and really makes every attempt, three days of
// retries in milliseconds. Only the schedule is virtual. Limits of time for a
// consumer's answer, and the stamps on signatures, are wall time.
//
// # Faults
//
// A Fault is one thing done wrong on purpose. There is one file for each kind,
// and one table of all (kinds). Some act on the emission (duplicate, reorder),
// some on the schedule (delay, drop), some on the request after it was signed
// (signature, body). What cannot be done to a request, a signature left out
// where none is made, is refused when the event is emitted.
//
// # Entities and tenants
//
// An Entity is what events are about, as it stands: a pass, a customer, a
// membership. Create makes one and Live has things happen to it, by the
// transitions of the provider's file; what happened is kept and emitted. Who
// may ask for it by the system's own API is a Tenant with Keys. The APIs
// themselves are packages below this one: neostore, subscribfy, ethpass.
//
// # Runs
//
// A run shares the dispatcher with others without seeing them: endpoints that are registered in it get the events that are
// emitted in it and no others, and their deliveries follow the run's own clock. Scenarios play in one each.
//
// # Restart
//
// Endpoints, entities and tenants are documents and deliveries records of the store. New takes up
// what an earlier run left pending: an attempt whose outcome was not recorded
// is made again, so that an event is delivered at least once.
package delivery
