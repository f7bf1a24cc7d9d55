package sender

// Theme is what a check is about.
type Theme string

// The themes.
const (
	ThemeSignature Theme = "signature"
	ThemeIdentity  Theme = "identity"
	ThemeRetry     Theme = "retry"
	ThemeRequest   Theme = "request"
)

// check is one check of the exam.
type check struct {
	id, title    string
	level        Level
	theme        Theme
	matters, fix string
	sources      []string // "": those of the provider's file
	grade        func(g *grading, f *found)
}

// checks returns the checks, in the order of the report.
func checks() []check {
	return []check{
		{
			id: "signature-valid", title: "Every attempt has a valid signature", level: Must, theme: ThemeSignature,
			matters: "Consumers refuse what they cannot verify, and the event is lost after the last attempt.",
			fix:     "Sign the bytes that you send, each attempt anew, with the secret of the endpoint.",
			grade:   gradeSignatures,
		},
		{
			id: "id-stable", title: "An event has the same id in every attempt", level: Must, theme: ThemeIdentity,
			matters: "Consumers recognise a repeated event by its id. With a new id they act twice.",
			fix:     "Make the id when the event happens, store it with the event, and send it with every attempt.",
			grade:   gradeStableIDs,
		},
		{
			id: "retry-5xx", title: "An attempt that gets 5xx is tried again", level: Must, theme: ThemeRetry,
			matters: "A consumer that restarts loses the events that are sent meanwhile.",
			fix:     "Treat every status outside 2xx as a failure and schedule the next attempt.",
			grade:   gradeRetries(func(a *attempt) bool { return a.failure.Is("5xx") }, "5xx"),
		},
	}
}
