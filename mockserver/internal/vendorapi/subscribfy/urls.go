package subscribfy

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// Bounds of the URLs of a store.
const (
	maxURLs      = 32 // for one event
	maxURL       = 2048
	maxStoreURLs = 256
)

// listed reads URLs, one text with commas or a list of texts, as one text; "" for nothing.
func listed(raw json.RawMessage) (string, error) {
	var one string
	var many []string
	switch {
	case len(raw) == 0:
		return "", nil
	case json.Unmarshal(raw, &one) == nil: // null too
		return one, nil
	case json.Unmarshal(raw, &many) == nil:
		return strings.Join(many, ","), nil
	}
	return "", invalid("urls", "The urls must be a text with commas between them, or a list of texts.")
}

// split splits a list at its commas: blanks around a URL, empty entries and duplicates do not count
// (row S-7).
func split(text string) []string {
	urls := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if u := strings.TrimSpace(part); u != "" && !slices.Contains(urls, u) {
			urls = append(urls, u)
		}
	}
	return urls
}

// urls returns the URLs of a list, or a 422 that names those that cannot be delivered to.
func (p *panel) urls(text string) ([]string, error) {
	list := split(text)
	var wrong []string
	if len(list) > maxURLs {
		wrong = append(wrong, fmt.Sprintf("There are %d URLs: an event takes %d at most.", len(list), maxURLs))
		list = list[:maxURLs]
	}
	for _, u := range list {
		if why := p.wrongURL(u); why != "" {
			wrong = append(wrong, why)
		}
	}
	if len(wrong) == 0 {
		return list, nil
	}
	e := vendorapi.Errorf(422, "%s", wrong[0])
	e.Fields = map[string][]string{"urls": wrong}
	return nil, e
}

// wrongURL returns why nothing can be delivered to a URL, or "".
func (p *panel) wrongURL(text string) string {
	if len(text) > maxURL {
		return fmt.Sprintf("The URL %.60q… has %d bytes: at most %d.", text, len(text), maxURL)
	}
	if u, err := url.Parse(text); err == nil && !strings.Contains(text, "#") && u.Host != "" {
		if _, err = p.Provider.Messenger(text); err == nil {
			return ""
		}
	}
	return fmt.Sprintf("%.200q is not a URL that can be delivered to: want http:// or https://, a host, and no fragment, user or password.", text)
}
