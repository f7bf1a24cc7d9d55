package mockserver

import "context"

// BeginRun begins a run and returns a client whose calls belong to it. Runs share a server without seeing each other: an endpoint
// that you register with the run's client gets the events that you emit with it and no others, and its deliveries follow the run's
// own clock. Bins are shared: give yours names that no other run has. End the run with EndRun. ErrInvalid when the server has too
// many runs.
func (c *Client) BeginRun(ctx context.Context, o RunOptions) (*Client, error) {
	id, err := c.transport.BeginRun(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Client{c.transport, id}, nil
}

// Run returns the id of the run that the client's calls belong to; "" when they belong to none.
func (c *Client) Run() string { return c.run }

// EndRun ends the client's run: it removes the run's endpoints and stops what is queued for them. Deliveries and captures
// stay. ErrNotFound when the run has ended, or the client belongs to none.
func (c *Client) EndRun(ctx context.Context) error { return c.transport.EndRun(ctx, c.run) }
