// Package burst sends many deliveries at a set rate and accounts for each of them.
//
// A Plan says what to send. Event number i of a burst is rendered from the draw (seed, "burst", i),
// so its bytes are known without being stored, and a burst of any length uses the same memory. Run
// opens the connections, with one goroutine each. With a rate the load is open: event i is due at
// start + i/rate whatever the consumer does. When no connection is free it goes late, which is
// recorded as lag and counted in the response time. Without a rate every connection sends as soon
// as it has its response.
//
// Reconcile compares what was sent with what a bin captured: what was lost, what came twice and
// what was never sent. It draws the burst's bodies again.
//
// A Plan can be one Shard of a burst over several machines. EncodePlan carries the plan to them,
// Backup what they did back, and Merge makes one report of theirs. Package shard does that over a
// PostgreSQL database.
//
// The engine sends nothing twice: a request that was written and has no response is counted as
// that.
package burst
