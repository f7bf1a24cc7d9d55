// Package burst sends many deliveries at a set rate and accounts for each of them.
//
// A Plan says what to send: event number i of a burst is rendered from the draw (seed, "burst", i), so its bytes are
// known without having been kept, and a burst of any length uses the same memory. Run opens the connections, one
// goroutine each. With a rate the load is open: event i is due at start + i/rate whatever the consumer does, and when
// no connection is free it goes late, which is recorded as lag and counted in the response time. Without a rate every
// connection sends as soon as it has its answer.
//
// Reconcile holds what was sent against what a bin captured and says what was lost, what came twice and what was
// never sent. It draws the burst's bodies again instead of having kept them.
//
// Nothing is ever sent twice by the engine itself: a request that was written and not answered is counted as what it
// is, no response.
package burst
