package consumers

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// These functions make a mistake out of one step. What they do right is the method of that name.

func admitting(f func(c *Consumer, r *http.Request) int) func(*Consumer) {
	return func(c *Consumer) { c.do.admit = func(r *http.Request) int { return f(c, r) } }
}

func reading(f func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int)) func(*Consumer) {
	return func(c *Consumer) {
		c.do.read = func(w http.ResponseWriter, r *http.Request) ([]byte, int) { return f(c, w, r) }
	}
}

func verifying(f func(c *Consumer, r *http.Request, body []byte) bool) func(*Consumer) {
	return func(c *Consumer) { c.do.verify = func(r *http.Request, body []byte) bool { return f(c, r, body) } }
}

// verifyingLine changes how the one signature header is verified.
func verifyingLine(f func(c *Consumer, line string, v verification) bool) func(*Consumer) {
	return verifying(func(c *Consumer, r *http.Request, body []byte) bool {
		lines := r.Header.Values(c.provider.signature)
		return len(lines) == 1 && f(c, lines[0], c.verification(body))
	})
}

// comparing changes how signatures are compared.
func comparing(equal func(given, want string) bool) func(*Consumer) {
	return verifyingLine(func(c *Consumer, line string, v verification) bool {
		v.equal = equal
		return c.provider.verify(line, v)
	})
}

func parsing(f func(c *Consumer, r *http.Request, body []byte) (Event, error)) func(*Consumer) {
	return func(c *Consumer) {
		c.do.parse = func(r *http.Request, body []byte) (Event, error) { return f(c, r, body) }
	}
}

func recording(f func(c *Consumer, r *http.Request, e Event) int) func(*Consumer) {
	return func(c *Consumer) { c.do.record = func(r *http.Request, e Event) int { return f(c, r, e) } }
}

func answering(f func(c *Consumer, r *http.Request, status int) int) func(*Consumer) {
	return func(c *Consumer) {
		c.do.answer = func(w http.ResponseWriter, r *http.Request, status int) { c.answer(w, r, f(c, r, status)) }
	}
}

// instead answers with another status.
func instead(right, wrong int) func(*Consumer) {
	return answering(func(_ *Consumer, _ *http.Request, status int) int {
		if status == right {
			return wrong
		}
		return status
	})
}

// redirecting answers one path with a redirect to another.
func redirecting(from, to string) func(*Consumer) {
	return func(c *Consumer) {
		c.do.answer = func(w http.ResponseWriter, r *http.Request, status int) {
			if status == http.StatusPermanentRedirect {
				w.Header().Set("Location", to)
			}
			c.answer(w, r, status)
		}
		c.do.admit = func(r *http.Request) int {
			if r.URL.Path == from {
				return http.StatusPermanentRedirect
			}
			return c.admit(r)
		}
	}
}

// breaking does something when a body breaks off.
func breaking(f func(c *Consumer)) func(*Consumer) {
	return reading(func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int) {
		body, status := c.read(w, r)
		if status == http.StatusBadRequest {
			f(c)
		}
		return body, status
	})
}

// marksBeforeBody acknowledges what has the id of a request that came before.
func marksBeforeBody(c *Consumer) {
	var seen sync.Map
	c.do.read = func(w http.ResponseWriter, r *http.Request) ([]byte, int) {
		_, again := seen.LoadOrStore(r.Header.Get("X-GitHub-Delivery"), true)
		body, status := c.read(w, r)
		if status == 0 && again && c.verify(r, body) {
			return nil, http.StatusNoContent
		}
		return body, status
	}
}

// restsAfterOutage counts the bodies in a row that broke off. Ten end with a rest: eight requests
// are answered with 503.
func restsAfterOutage(c *Consumer) {
	var mu sync.Mutex
	var broken, rest int
	c.do.read = func(w http.ResponseWriter, r *http.Request) ([]byte, int) {
		body, status := c.read(w, r)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case status == http.StatusBadRequest:
			if broken++; broken == 10 {
				rest = 8
			}
		case rest > 0:
			rest--
			return nil, http.StatusServiceUnavailable
		default:
			broken = 0
		}
		return body, status
	}
}

// failing answers with a status to verified bodies that fulfil a condition. The message has no root
// if the body is malformed.
func failing(status int, when func(c *Consumer, m message, body []byte) bool) func(*Consumer) {
	return reading(func(c *Consumer, w http.ResponseWriter, r *http.Request) ([]byte, int) {
		body, refused := c.read(w, r)
		if refused != 0 || !c.verify(r, body) {
			return body, refused
		}
		root, err := decode(body)
		if err != nil {
			root = nil
		}
		if when(c, message{r.Header, root}, body) {
			return nil, status
		}
		return body, 0
	})
}

// explaining adds a text to the answer to a wrong signature.
func explaining(text func(c *Consumer, r *http.Request, body []byte) string) func(*Consumer) {
	return func(c *Consumer) {
		type key struct{}
		c.do.verify = func(r *http.Request, body []byte) bool {
			*r = *r.WithContext(context.WithValue(r.Context(), key{}, body))
			return c.verify(r, body)
		}
		c.do.answer = func(w http.ResponseWriter, r *http.Request, status int) {
			body, read := r.Context().Value(key{}).([]byte)
			if status != http.StatusUnauthorized || !read {
				c.answer(w, r, status)
				return
			}
			http.Error(w, text(c, r, body), status)
		}
	}
}

// work takes a while. The error says that the sender does not wait any more.
func (c *Consumer) work(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(c.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
