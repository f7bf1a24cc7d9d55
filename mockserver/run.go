package mockserver

import "context"

// BeginRun begins a run and returns a client whose calls belong to it. Runs share a server without
// seeing each other. An endpoint registered with the run's client gets only the events that this
// client emits, and its deliveries follow the run's clock. Runs share the bins: give yours names
// that no other run uses. End the run with EndRun. ErrInvalid when the server has too many runs.
func (c *Client) BeginRun(ctx context.Context, o RunOptions) (*Client, error) {
	id, err := c.transport.BeginRun(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Client{c.transport, id}, nil
}

// Run returns the id of the client's run; "" when it has none.
func (c *Client) Run() string { return c.run }

// EndRun ends the client's run: it removes the run's endpoints and stops their queued attempts.
// Deliveries and captures stay. ErrNotFound when the run has ended, or the client has none.
func (c *Client) EndRun(ctx context.Context) error { return c.transport.EndRun(ctx, c.run) }
