package neostore

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// webhookInput is the body of a creation or a change; a member that is left out is empty.
type webhookInput struct {
	ID              json.RawMessage `json:"id"`
	SignatureSecret json.RawMessage `json:"signatureSecret"`
	Description     json.RawMessage `json:"description"`
	Events          json.RawMessage `json:"events"`
	Endpoint        json.RawMessage `json:"endpoint"`
	Enabled         json.RawMessage `json:"enabled"`
}

// Bounds of a webhook; package delivery has those of the endpoint and of the number of events.
const (
	maxDescription = 4096
	maxPattern     = 200
	maxEndpoint    = 2048
)

// readWebhook reads a request's body. Members that cannot change are ignored, or refused with the
// option (row N-5).
func (a *api) readWebhook(w http.ResponseWriter, r *http.Request) (webhookInput, error) {
	var in webhookInput
	if err := readInput(w, r, &in); err != nil {
		return in, err
	}
	wrong := fieldErrors{}
	if a.options.refuseImmutable && in.ID != nil {
		wrong.add("id", "The id is given by the server and never changes.")
	}
	if a.options.refuseImmutable && in.SignatureSecret != nil {
		wrong.add("signatureSecret", "The signature secret is given by the server and never changes.")
	}
	return in, wrong.err()
}

// fill changes an endpoint as the body says. The error is an *vendorapi.Error, 400, by field, when
// something is wrong, or is required and still missing. null counts as left out.
func (a *api) fill(e *journal.Endpoint, in webhookInput) error {
	wrong := fieldErrors{}
	if in.Description != nil {
		if e.Description = ""; given(in.Description) {
			e.Description = wrong.text("description", in.Description, maxDescription)
		}
	}
	if in.Events != nil {
		e.Events = a.patterns(wrong, in.Events)
	} else if len(e.Events) == 0 {
		wrong.add("events", "The events are required: name at least one.")
	}
	if in.Endpoint != nil {
		e.URL = a.endpoint(wrong, in.Endpoint)
	} else if e.URL == "" {
		wrong.add("endpoint", "The endpoint is required.")
	}
	if in.Enabled != nil {
		enabled := true
		if given(in.Enabled) && json.Unmarshal(in.Enabled, &enabled) != nil {
			wrong.add("enabled", "The value is not true or false.")
		}
		e.Disabled = !enabled
	}
	return wrong.err()
}

// patterns reads events.
func (a *api) patterns(wrong fieldErrors, raw json.RawMessage) []string {
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		wrong.add("events", "The value is not a list of texts.")
		return nil
	}
	if len(list) == 0 {
		wrong.add("events", "The list is empty: name at least one event.")
	}
	var patterns []string
	for _, pattern := range list {
		switch {
		case pattern == nil:
			wrong.add("events", "The value is not a list of texts: it holds null.")
		case len(*pattern) > maxPattern:
			wrong.add("events", "An event of %d bytes: at most %d.", len(*pattern), maxPattern)
		default:
			if err := a.Provider.Subscription.CheckPattern(*pattern); err != nil {
				wrong.add("events", "%v.", err)
			}
			patterns = append(patterns, *pattern)
		}
	}
	return patterns
}

// endpoint reads the URL that events go to.
func (a *api) endpoint(wrong fieldErrors, raw json.RawMessage) string {
	text := wrong.text("endpoint", raw, maxEndpoint)
	if len(wrong["endpoint"]) > 0 {
		return ""
	}
	u, err := webURL(text)
	if err == nil {
		_, err = a.Provider.Messenger(text)
	}
	switch {
	case err != nil:
		wrong.add("endpoint", "%.200q cannot be delivered to: %v.", text, err)
	case a.options.production && u.Scheme != "https":
		wrong.add("endpoint", "%.200q is not https, which endpoints must be in production.", text)
	}
	return text
}

// webURL reads an absolute http or https URL.
func webURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if wrong := (*url.Error)(nil); errors.As(err, &wrong) {
		return nil, wrong.Err
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("want an absolute http or https URL")
	case strings.Contains(text, "#"):
		return nil, errors.New("it has a fragment")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, errors.New("it holds a blank or a control character")
	}
	return u, nil
}
