package fault

import (
	"time"
)

// Kind describes one fault: a row of the table, for help and documents.
type Kind struct {
	// Name is what a fault begins with: "drop", "signature:missing", "headers:drop".
	Name string `json:"name"`
	// Args is what may follow the name and a colon, in brackets where it may be left out; "|"
	// separates words of which it is one.
	Args string `json:"args,omitempty"`
	// Example is the fault as it may be written.
	Example string `json:"example"`
	// Text says what it does.
	Text string `json:"text"`
	// Changes is what differs from a good delivery.
	Changes string `json:"changes"`
	// SignedAgain means that the message is signed as it is sent, so that nothing else is wrong.
	SignedAgain bool `json:"signed_again"`
	// Signature is what a check of the signature finds.
	Signature Signature `json:"signature"`
	// Finds says which mistake of a consumer it finds, in a sentence.
	Finds string `json:"finds"`
	// Source is where the fault, or what consumers have to do about it, is described.
	Source string `json:"source"`
}

// Signature is what a check of the signature of a message with a fault finds.
type Signature string

// The values of Kind.Signature.
const (
	// Valid signatures are right.
	Valid Signature = "valid"
	// Invalid signatures are wrong, missing or stale.
	Invalid Signature = "invalid"
	// Uncovered signatures are right only where they do not cover what was changed.
	Uncovered Signature = "valid unless covered"
	// Limited signatures are right as long as the time is within the scheme's tolerance.
	Limited Signature = "valid within the tolerance"
	// Known signatures are right as long as one is made with a secret that the endpoint has.
	Known Signature = "valid with a secret of the endpoint"
	// Decoded signatures are right for the body after its content coding is undone.
	Decoded Signature = "valid for the decoded body"
	// Unsent messages have none: nothing is sent.
	Unsent Signature = ""
)

// row is a row of the table. Each has those of the functions that it needs.
type row struct {
	Kind
	arg argument
	// groups name what only one fault of an attempt may decide: two of one group contradict each
	// other.
	groups []string
	// whole faults are done once, when the event is emitted.
	whole bool

	// copies returns how many deliveries are made of one; together releases them at once.
	copies   func(arg string) int
	together bool
	// reorders lets events that are emitted together change places.
	reorders bool
	// holds keeps a delivery until one that releases was sent.
	holds, releases bool
	// late returns how much later an attempt is made.
	late func(arg string) time.Duration
	// drops keeps an attempt from being sent.
	drops bool
	// prepare changes the message before it is signed, alter after. An error says why this message
	// cannot be changed so.
	prepare, alter func(arg string, r *Request) error
}

// table returns all faults, in the order in which they are done to one delivery.
func table() []*row {
	rows := []row{
		duplicate(), parallel(), reorder(), delay(), hold(), release(), drop(),
		method(), redirect(),
		unknownField(), extraNesting(), unknownEvent(), nullOptional(), absentOptional(), missingRequired(), newEnum(), typeChange(), emptyElement(),
		canary(), unicodeText(), emptyBody(), malformed(), reserialize(), duplicateKey(), huge(), deep(), invalidUTF8(), charset(), byteOrderMark(), trailingNewline(),
		contentType(),
		rotate(),
		stale(), future(), skew(), nonNumeric(), milliseconds(), missingTimestamp(),
		missing(), empty(), garbage(), wrongSecret(), oldSecret(), tampered(), truncated(), wrongPrefix(), doublePrefix(), otherEvent(), upperCase(), twoLines(), otherScheme(),
		tamperedTime(), tamperedID(),
		tamperBody(), truncateBody(), reformat(), otherBody(),
		dropHeader(), duplicateHeader(), extraHeaders(), host(), headerCase(),
		gzipped(), chunked(), http10(), expect100(), split(), splitLetter(), drip(), pipelined(), stall(), reset(), halfClose(), badTLS(),
	}
	list := make([]*row, len(rows))
	for i := range rows {
		r := &rows[i]
		if r.arg.check == nil {
			r.arg = none()
		}
		r.Args, r.Example = r.arg.form, r.Name
		if r.arg.example != "" {
			r.Example += ":" + r.arg.example
		}
		list[i] = r
	}
	return list
}

// Kinds describes all faults, in the order in which they are done.
func Kinds() []Kind {
	rows := table()
	list := make([]Kind, len(rows))
	for i := range rows {
		list[i] = rows[i].Kind
	}
	return list
}
