package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Limits bound an exchange, beside its context.
type Limits struct {
	// Timeout bounds the whole exchange; 0 is no bound. It costs less than a context with a timer.
	Timeout time.Duration
	// Connect bounds the time until the connection is open, with TLS; 0 is no bound.
	Connect time.Duration
	// Redirects is how many redirects are followed.
	Redirects int
	// Allows returns why a redirect to a URL is not followed; nil follows all that the client may
	// dial.
	Allows func(url string) error
}

// SendAs is Send in another manner and with limits. Any manner but the zero one opens a connection
// and closes it. A request that ends early because of the manner has the outcome PartlyWritten,
// unless there is a response. The context bounds pauses, a slow body and a stall too.
//
// SendAs follows redirects as far as the limits allow: 307 and 308 repeat the request; 301, 302 and
// 303 ask with GET, without the body and its header lines, as HTTP clients do. On the way to
// another host the lines Authorization and Cookie are left out.
//
// Each hop is checked like a first one: its URL, Forbids and, where the address is dialled, the
// guard. When there is one redirect too many, or one that cannot be followed, the result is that
// redirect's status and response, and Err wraps ErrRedirect.
func (c *Client) SendAs(ctx context.Context, to string, m Message, how Manner, l Limits) Result {
	start := time.Now()
	ctx, cancel := limit(ctx, start, l.Timeout, &how)
	defer cancel()
	var result Result
	for hop := 0; ; hop++ {
		next := c.exchange(ctx, start, to, m, &how, l.Connect)
		if hop > 0 && next.Outcome == NotSent {
			result.Err = fmt.Errorf("%w %d to %.300s: %w", ErrRedirect, result.Status, to, next.Err)
			break
		}
		next.Written += result.Written
		result = next
		location, redirects := result.location()
		if l.Redirects == 0 || !redirects {
			break
		}
		if hop == l.Redirects {
			result.Err = fmt.Errorf("%w %d to %.300s: %d were followed before, and no more are", ErrRedirect, result.Status, location, hop)
			break
		}
		target, err := c.hop(to, location, l.Allows)
		if err != nil {
			result.Err = fmt.Errorf("%w %d to %.300s: %w", ErrRedirect, result.Status, location, err)
			break
		}
		m = redirected(m, result.Status, to, target)
		to, how = target.String(), Manner{Check: how.Check}
	}
	result.Took = time.Since(start)
	return result
}

// location returns where a response redirects to.
func (r *Result) location() (string, bool) {
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Response.Headers.Lookup("Location")
	}
	return "", false
}

// hop returns the URL of the next hop, if it may be asked.
func (c *Client) hop(from, location string, allows func(url string) error) (*url.URL, error) {
	base, err := url.Parse(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrURL, from, err)
	}
	target, err := base.Parse(strings.TrimSpace(location))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	if target.User != nil {
		return nil, fmt.Errorf("%w: it has a user and password", ErrURL)
	}
	target.Fragment = ""
	if _, err := parseDestination(target.String()); err != nil {
		return nil, err
	}
	if c.Forbids != nil {
		if err := c.Forbids(target.Hostname()); err != nil {
			return nil, err
		}
	}
	if allows != nil {
		if err := allows(target.String()); err != nil {
			return nil, err
		}
	}
	return target, nil
}

// redirected returns the request of the next hop.
func redirected(m Message, status int, from string, target *url.URL) Message {
	m.Headers = slices.Clone(m.Headers)
	m.Target = target.RequestURI()
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect && m.Method != http.MethodHead {
		m.Method, m.Body = http.MethodGet, nil
		for _, name := range []string{"Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Expect"} {
			m.Headers.Del(name)
		}
	}
	if base, err := url.Parse(from); err == nil && !strings.EqualFold(base.Host, target.Host) {
		m.Headers.Del("Authorization")
		m.Headers.Del("Cookie")
	}
	m.Headers.Set("Host", target.Host)
	return m
}
