package fault

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// method sends with another method. The body stays, even with GET.
func method() row {
	of := func(arg string) string {
		if arg == "" {
			return http.MethodGet
		}
		return arg
	}
	return row{
		Kind: Kind{
			Name: "method", Text: "send with another method (GET)",
			Changes: "the method", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer handles an event whatever the method is, instead of 405 or 404.",
			Source: "CloudEvents, HTTP 1.1 Web Hooks, section 4",
		},
		arg: argument{"[METHOD]", "PUT", func(arg string) error {
			if m := of(arg); !httpguts.ValidHeaderFieldName(m) || strings.ToUpper(m) != m {
				return fmt.Errorf("want a method in upper case, as in method:PUT")
			}
			return nil
		}},
		groups: []string{"method"},
		prepare: func(arg string, r *Request) error {
			if r.Message.Method == of(arg) {
				return fmt.Errorf("a good delivery has the method %s too", of(arg))
			}
			r.Message.Method = of(arg)
			return nil
		},
	}
}
