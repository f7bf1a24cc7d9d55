package fault

import (
	"errors"
)

// http10 sends with HTTP/1.0.
func http10() row {
	return row{
		Kind: Kind{
			Name: "transport:http10", Text: "send with HTTP/1.0",
			Changes: "the HTTP version", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, refuses HTTP/1.0, which some providers send.",
			Source: "WooCommerce, class-wc-webhook.php; RFC 9110, section 6.2",
		},
		groups: []string{"framing", "interim"},
		alter: func(_ string, r *Request) error {
			if r.Message.Version == "HTTP/1.0" {
				return errors.New("a good delivery has HTTP/1.0 too")
			}
			r.Message.Version = "HTTP/1.0"
			return nil
		},
	}
}
