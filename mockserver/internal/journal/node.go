package journal

import "time"

// NodeState says what a node does.
type NodeState string

// These are the states of a node.
const (
	NodeRunning  NodeState = "running"
	NodeDraining NodeState = "draining" // it stops, and finishes what it has begun
	NodeLost     NodeState = "lost"     // it has not been seen for some time, and has not said that it ends
)

// Node is one server among those that use a store.
type Node struct {
	ID           string    `json:"id"` // of this start of the server
	State        NodeState `json:"state"`
	Host         string    `json:"host"` // the name of its machine
	PID          int       `json:"pid"`
	Version      string    `json:"version"`       // of the program
	Capture      string    `json:"capture"`       // the URL of its capture address
	Dashboard    string    `json:"dashboard"`     // the URL of its dashboard; "" without one
	BurstWorkers int       `json:"burst_workers"` // how many shards of bursts it sends at a time
	Started      time.Time `json:"started"`       // on the clock of the database, as Seen is
	Seen         time.Time `json:"seen"`          // when it was last seen
	Pending      int       `json:"pending"`       // deliveries that it owns and that are not finished
	Self         bool      `json:"self"`          // it is the server that was asked
}

// Load is how a shared store keeps up with the requests of a server. Counts begin at its start.
type Load struct {
	Waiting int           // writes that wait for their commit
	Oldest  time.Duration // for how long the first of them has waited
	Commits uint64        // transactions that were committed
	Written uint64        // writes in them
	Batch   int           // writes in the last of them
	Outages uint64        // how often the database could not be reached
	Away    bool          // it cannot be reached, or takes no writes
	Behind  uint64        // changes that other servers had made a second ago and this one has not read
	Adopted uint64        // deliveries that were taken over from servers that had ended
}
