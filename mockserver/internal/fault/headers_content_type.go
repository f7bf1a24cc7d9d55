package fault

import (
	"errors"
	"fmt"

	"golang.org/x/net/http/httpguts"
)

// contentType replaces Content-Type.
func contentType() row {
	return row{
		Kind: Kind{
			Name: "headers:content_type", Text: "send another Content-Type",
			Changes: "the line Content-Type", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer's framework parses, or drops, the body by its type before the signature is checked, or takes any type.",
			Source: "CloudEvents, HTTP 1.1 Web Hooks: 415",
		},
		arg: argument{"TYPE", "application/vnd.api+json", func(arg string) error {
			if arg == "" || !httpguts.ValidHeaderFieldValue(arg) {
				return errors.New("want a media type, as in text/plain; charset=utf-8")
			}
			return nil
		}},
		groups: []string{"type"},
		prepare: func(arg string, r *Request) error {
			if r.Message.Headers.Get("Content-Type") == arg {
				return fmt.Errorf("a good delivery has the Content-Type %q too", arg)
			}
			r.setLine("Content-Type", arg)
			return nil
		},
	}
}
