package fault

import (
	"errors"
	"strings"
)

// badTLS spoils the TLS handshake.
func badTLS() row {
	return row{
		Kind: Kind{
			Name: "transport:bad_tls", Text: "spoil the end of the TLS handshake, so that nothing is sent",
			Changes: "the TLS handshake", Signature: Unsent,
			Finds:  "The consumer, or what ends TLS before it, keeps a connection whose handshake has failed.",
			Source: "RFC 8446, section 4.4.4: decrypt_error or bad_record_mac",
		},
		groups: []string{"framing", "interim", "pace", "ending", "coding"},
		alter: func(_ string, r *Request) error {
			if !strings.HasPrefix(strings.ToLower(r.URL), "https:") {
				return errors.New("the endpoint's URL is not https")
			}
			r.Manner.BreakTLS = true
			return nil
		},
	}
}
