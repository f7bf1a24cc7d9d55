package sender

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/redact"
)

// each calls check for every attempt.
func (g *grading) each(check func(d *delivery, n int, a *attempt)) {
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			check(d, i+1, a)
		}
	}
}

// gradeHeaders checks that every attempt has the lines of the provider. The signature, Content-Type
// and User-Agent have other checks.
func gradeHeaders(g *grading, f *found) {
	stated, assumed := g.lines()
	if len(stated)+len(assumed) == 0 {
		f.absent = "the provider's file has no such lines"
		return
	}
	for _, names := range [][]string{stated, assumed} {
		for _, name := range names {
			g.gradeLine(f, name)
		}
		if len(f.wrong) > 0 {
			return
		}
		f.assumed = "the provider's file assumes the lines " + strings.Join(assumed, ", ")
	}
}

// gradeLine checks that every attempt has a line.
func (g *grading) gradeLine(f *found, name string) {
	missing, total := 0, 0
	var first *delivery
	g.each(func(d *delivery, _ int, a *attempt) {
		total++
		if _, has := a.Headers.Lookup(name); !has {
			missing++
			first = cmp.Or(first, d)
		}
	})
	if missing > 0 {
		f.fail(first, "%s is missing, in %d of %d attempts", name, missing, total)
	} else {
		f.seen++
	}
}

// lines returns the names of the lines that every attempt has by a document, and by assumption.
func (g *grading) lines() (stated, assumed []string) {
	other := []string{"content-type", "user-agent", "content-length"}
	add := func(to []string, name string) []string {
		if slices.Contains(other, strings.ToLower(name)) {
			return to
		}
		other = append(other, strings.ToLower(name))
		return append(to, name)
	}
	for _, name := range g.coveredLines() {
		stated = add(stated, name)
	}
	for _, line := range g.provider.Delivery.Headers {
		if line.Assumed {
			assumed = add(assumed, line.Name)
		} else {
			stated = add(stated, line.Name)
		}
	}
	return stated, assumed
}

// gradeAttemptLines checks the lines that tell about the attempt.
func gradeAttemptLines(g *grading, f *found) {
	if len(g.retry.Headers) == 0 {
		f.absent = "the policy has no such lines"
		return
	}
	f.missing = "no event was tried twice"
	g.each(func(d *delivery, n int, a *attempt) {
		if g.partial(d) {
			f.gone = firstGone
			return
		}
		before := fixtures.Failure{}
		if n > 1 {
			before = d.attempts[n-2].failure
		}
		lines, err := g.retry.For(g.event(a), before).AttemptLines(n, before)
		if err != nil {
			return // the file is checked when it is loaded
		}
		for _, line := range lines {
			if got := a.Headers.Get(line.Name); got != line.Value {
				f.fail(d, "attempt %d has %s: %s; documented: %s", n, line.Name, cmp.Or(got, "nothing"), line.Value)
			} else if n > 1 {
				f.seen++
			}
		}
	})
}

// gradeMethod checks the method of the requests.
func gradeMethod(g *grading, f *found) {
	g.each(func(d *delivery, n int, a *attempt) {
		if want := g.provider.Delivery.Method; a.Method == want {
			f.seen++
		} else {
			f.fail(d, "attempt %d is %s; documented: %s", n, a.Method, want)
		}
	})
}

// gradeHTTP checks that the bin found nothing wrong with the requests.
func gradeHTTP(g *grading, f *found) {
	g.each(func(d *delivery, n int, a *attempt) {
		if len(a.Problems) == 0 {
			f.seen++
		} else {
			f.fail(d, "attempt %d: %s", n, strings.Join(a.Problems, "; "))
		}
	})
}

// gradeJSON checks the bodies that are JSON by their Content-Type.
func gradeJSON(g *grading, f *found) {
	f.absent = "no body is JSON by its Content-Type"
	g.each(func(d *delivery, n int, a *attempt) {
		kind := mediaType(a.Headers.Get("Content-Type"))
		switch {
		case kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		case json.Valid(a.Body):
			f.seen++
		default:
			var value any
			f.fail(d, "attempt %d: %v", n, json.Unmarshal(a.Body, &value))
		}
	})
}

// mediaType returns the media type of a Content-Type, in lower case and without parameters.
func mediaType(value string) string {
	kind, _, err := mime.ParseMediaType(value)
	if err != nil {
		kind, _, _ = strings.Cut(value, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// gradeContentType compares the Content-Type with that of the provider.
func gradeContentType(g *grading, f *found) {
	want := map[string]string{
		"form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data", "text": "text/plain", "xml": "application/xml",
	}[g.provider.Delivery.Body]
	want = cmp.Or(want, "application/json")
	for _, line := range g.provider.Delivery.Headers {
		if strings.EqualFold(line.Name, "Content-Type") {
			want = mediaType(line.Value)
			if line.Assumed {
				f.assumed = "the provider's file assumes " + line.Value
			}
		}
	}
	g.each(func(d *delivery, n int, a *attempt) {
		if got := a.Headers.Get("Content-Type"); mediaType(got) == want {
			f.seen++
		} else {
			f.fail(d, "attempt %d has Content-Type: %s; documented: %s", n, cmp.Or(got, "nothing"), want)
		}
	})
}

// gradeSchemas checks the body of each event.
func gradeSchemas(g *grading, f *found) {
	if g.provider.Partial {
		f.absent = "the provider's file describes no bodies"
		return
	}
	for _, d := range g.deliveries {
		e, known := g.provider.Recognise(d.attempts[0].Message)
		if !known {
			f.fail(d, "it is none of the documented events")
			continue
		}
		if err := g.provider.Validate(e.Name, e.Body); err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			f.fail(d, "%s: %s", e.Name, first)
			continue
		}
		f.seen++
	}
}

// largest is the size that Standard Webhooks recommends to stay below.
const largest = 20 << 10

// gradeSize checks the size of the bodies.
func gradeSize(g *grading, f *found) {
	g.each(func(d *delivery, n int, a *attempt) {
		if len(a.Body) <= largest {
			f.seen++
		} else {
			f.fail(d, "the body of attempt %d has %d bytes", n, len(a.Body))
		}
	})
}

// gradeSecrets checks that no request holds a known secret, or a value of its URL that is named as
// one.
func gradeSecrets(g *grading, f *found) {
	var own []string // lines that hold the secret by the scheme
	for i := range g.provider.Signing.Signatures {
		for _, e := range g.provider.Signing.Signatures[i].Emit {
			if strings.Contains(e.Value, "${secret") || g.provider.Signing.Signatures[i].Alg == "basic" {
				own = append(own, strings.ToLower(e.Header+e.Query))
			}
		}
	}
	g.each(func(d *delivery, n int, a *attempt) {
		if where := g.secretIn(a, own); where != "" {
			f.fail(d, "attempt %d has a secret in %s", n, where)
		} else {
			f.seen++
		}
	})
}

// secretIn returns where a request holds a secret, or "".
func (g *grading) secretIn(a *attempt, own []string) string {
	for _, secret := range g.o.Secrets {
		for _, line := range a.Headers {
			if strings.Contains(line.Value, secret) && !slices.Contains(own, strings.ToLower(line.Name)) {
				return "the header line " + line.Name
			}
		}
		if strings.Contains(string(a.Body), secret) {
			return "the body"
		}
	}
	_, query, _ := strings.Cut(a.Target, "?")
	params, _ := url.ParseQuery(query)
	for name, values := range params {
		known := slices.ContainsFunc(g.o.Secrets, func(s string) bool { return slices.Contains(values, s) })
		if (known || redact.Name(name)) && !slices.Contains(own, strings.ToLower(name)) {
			return fmt.Sprintf("the parameter %s of the URL", name)
		}
	}
	return ""
}

// gradeUserAgent checks that the requests name the sender.
func gradeUserAgent(g *grading, f *found) {
	g.each(func(d *delivery, n int, a *attempt) {
		if a.Headers.Get("User-Agent") != "" {
			f.seen++
		} else {
			f.fail(d, "attempt %d has no User-Agent", n)
		}
	})
}

// gradeLength checks that the requests have a Content-Length.
func gradeLength(g *grading, f *found) {
	g.each(func(d *delivery, n int, a *attempt) {
		if _, has := a.Headers.Lookup("Content-Length"); has {
			f.seen++
		} else {
			f.fail(d, "attempt %d has none", n)
		}
	})
}

// idle is how long a connection that is not used may be kept.
const idle = 5 * time.Second

// gradeConnections checks that a request uses the connection of the one before, where that is open.
func gradeConnections(g *grading, f *found) {
	f.missing = "no two requests came within a few seconds, one after the other"
	again := false
	pairs := 0
	for i := range len(g.attempts) - 1 {
		a, next := g.attempts[i], g.attempts[i+1]
		if !a.known || a.Peer == "" || a.failure.Kind == fixtures.FailedTimeout || a.failure.Kind == fixtures.FailedCut || next.At.Before(a.ended) || next.At.Sub(a.ended) > idle {
			continue
		}
		pairs++
		again = again || next.Peer == a.Peer
	}
	switch {
	case pairs == 0:
	case again:
		f.seen++
	default:
		f.fail(nil, "each of %d requests that could use the connection of the one before opened another", pairs)
	}
}
