package fault

import (
	"errors"
	"strings"
)

// redirect provokes a redirect: it sends to the endpoint's path with another slash at the end,
// which many frameworks redirect to the path that they know. Providers follow no redirect, so the
// event would be lost.
func redirect() row {
	return row{
		Kind: Kind{
			Name: "redirect", Text: "add a slash to the end of the path, or take it away, which many frameworks answer with a redirect",
			Changes: "the request target", SignedAgain: true, Signature: Uncovered,
			Finds:  "The consumer answers with a redirect, which providers count as a failure and never follow.",
			Source: "Standard Webhooks: 3xx is a failure; CloudEvents, HTTP 1.1 Web Hooks: must not redirect",
		},
		groups: []string{"target"},
		prepare: func(_ string, r *Request) error {
			path, query, asked := strings.Cut(r.Message.Target, "?")
			other := strings.TrimSuffix(path, "/")
			switch {
			case path == "/":
				return errors.New("the path is /: want one to which a slash can be added, such as /hooks")
			case other == path:
				other += "/"
			}
			before := r.Message.Target
			r.Message.Target = other
			if asked {
				r.Message.Target += "?" + query
			}
			if prefix, found := strings.CutSuffix(r.context.URL, before); found {
				r.context.URL = prefix + r.Message.Target
			}
			return nil
		},
	}
}
