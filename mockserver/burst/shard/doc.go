// Package shard runs a burst on several machines that share a PostgreSQL database.
//
// Run is the command that wants the burst. It writes a row for the run and one for each shard, and
// enqueues a River job for each shard in the same transaction. Work runs on the machines that send:
// River gives a node a job, and the node claims the row of its shard. A row is claimed once, ever.
// So whatever River does with a job after a crash, no shard runs twice.
//
// A claimed shard measures the offset of its machine's clock against the database's, reads the plan
// and says that it is ready. When all are, Run sets the moment of the start, in the database's
// clock, and each shard converts it to its own. From then on nobody talks: shard k of n knows its
// events and their times (burst.Shard).
//
// Each second a shard stores how far it has come: its figures, the seconds that changed, and which
// events were sent and acknowledged. It measures the clock again now and then, and at the end. Its
// row is also its lease. River's own timeouts are not used: a burst may be
// longer than they allow, and a dead machine should be noticed sooner. If a lease has ended, Run
// closes the row and nothing that the shard writes later counts; a shard that cannot renew its
// lease stops. So the last row is what the shard is known to have sent, and what was due until the
// end of the lease is uncertain.
//
// Run renews a lease too. Without it the shards stop.
//
// With the build tag slim, Run and Work only return ErrSlim: River would make the image 4 MB
// larger.
package shard
