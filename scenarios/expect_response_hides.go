package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// describe says what is hidden.
func (h Hidden) describe() string {
	switch h {
	case HiddenSecret:
		return "the secret"
	case HiddenSignature:
		return "the right signature of the request"
	}
	return "an e-mail address of the event"
}

// shortSecret is the length below which a secret may be in a response by chance.
const shortSecret = 8

// shows returns a line for each of the hidden texts that the response to a delivery contains. The
// line does not quote the text. What a response may contain by chance is unclear.
func (r *run) shows(hides []Hidden, a *answer, d *mockserver.Delivery) (shown, unclear []string, err error) {
	if a.status == 0 || len(d.Attempts) == 0 {
		return nil, nil, nil
	}
	p, err := r.catalogue.Provider(d.Provider)
	if err != nil {
		return nil, nil, err
	}
	var secrets []string
	if e := r.endpoints[d.Endpoint]; e != nil {
		secrets = e.Secrets
	}
	for _, what := range hides {
		var texts []string
		switch what {
		case HiddenSecret:
			texts = secrets
		case HiddenSignature:
			texts = rightSignatures(p, d, secrets)
		case HiddenPersonal:
			texts = address.FindAllString(string(d.Attempts[len(d.Attempts)-1].Sent.Body), -1)
		}
		at := slices.IndexFunc(texts, a.contains)
		switch {
		case at < 0:
		case len(texts[at]) < shortSecret:
			unclear = append(unclear, fmt.Sprintf("%s: the response contains %s, which has less than %d characters and may be there by chance: use a longer one", a.name, what.describe(), shortSecret))
		default:
			shown = append(shown, fmt.Sprintf("%s: the response must not contain %s, and does", a.name, what.describe()))
		}
	}
	return shown, unclear, nil
}

// contains reports whether a header line or the body contains a text. Escapes of JSON do not
// matter.
func (a *answer) contains(text string) bool {
	plain := func(text string) string { return strings.ReplaceAll(text, `\`, "") }
	if text == "" {
		return false
	}
	if strings.Contains(plain(string(a.body)), plain(text)) {
		return true
	}
	return slices.ContainsFunc(a.headers, func(h signature.Header) bool { return strings.Contains(plain(h.Value), plain(text)) })
}

var (
	address = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)
	// encoded is a signature in hex or base64, without the label before it.
	encoded = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}=*`)
)

// rightSignatures returns the signatures that the last attempt of a delivery should have.
func rightSignatures(p *fixtures.Provider, d *mockserver.Delivery, secrets []string) []string {
	last := &d.Attempts[len(d.Attempts)-1]
	m := last.Sent.Clone()
	c := signature.Context{ID: d.Event.ID, URL: d.URL, RegisteredURL: d.URL, Time: last.At, EventTime: d.Event.At}
	if len(secrets) == 0 || p.Signing.Sign(&m, c, secrets...) != nil {
		return nil
	}
	var texts []string
	for i := range p.Signing.Signatures {
		one := &p.Signing.Signatures[i]
		if one.Alg == "static" || one.Alg == "basic" {
			continue // the secret
		}
		for _, e := range one.Emit {
			if e.Header != "" && strings.Contains(e.Value, "${sig") {
				texts = append(texts, encoded.FindAllString(m.Headers.Get(e.Header), -1)...)
			}
		}
	}
	return texts
}
