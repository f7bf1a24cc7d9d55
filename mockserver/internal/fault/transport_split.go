package fault

import "errors"

// split sends the body in two parts.
func split() row {
	return row{
		Kind: Kind{
			Name: "transport:split", Text: "send in two parts, the second after AT bytes of the body and 50 ms",
			Changes: "the packets that the request comes in", Signature: Valid,
			Finds:  "The consumer decodes each part by itself, which garbles a letter that is cut in two, or takes the first part for all.",
			Source: "screwdriver, issue 3381",
		},
		arg:    offset(),
		groups: []string{"pace"},
		alter: func(arg string, r *Request) error {
			at, err := within(arg, r)
			if err == nil && at == len(r.Message.Body) {
				err = errors.New("the body ends there: nothing is left for the second part")
			}
			r.Manner.Pauses = []int{at}
			return err
		},
	}
}
