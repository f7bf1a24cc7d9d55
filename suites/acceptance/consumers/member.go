package consumers

import (
	"regexp"
	"strings"
)

// members are what a strict consumer knows of a provider's bodies.
type members struct {
	always    []string                  // at the top of every body; one|other is one of them
	sometimes []string                  // at the top of some
	optional  []string                  // places that this consumer does not expect to be null
	values    map[string]*regexp.Regexp // places whose values it lists
}

func (c *Consumer) members() members {
	one := func(place, values string) map[string]*regexp.Regexp {
		return map[string]*regexp.Regexp{place: regexp.MustCompile("^(" + values + ")$")}
	}
	switch c.provider.signature {
	case "X-Neostore-Signature":
		return members{
			always:    []string{"passId|redirectId|flowName", "__id", "__creationDate", "__eventName"},
			sometimes: []string{"identifiers", "attributes", "passType", "metadata", "device", "deviceIdentifier", "newUri"},
			optional:  []string{"identifiers.shopifyId"}, values: one("device", "apple|google"),
		}
	case "Signature":
		return members{always: []string{"topic", "data"}, values: one("data.membership.status", "Active|Paused|Cancelled")}
	case "Authorization":
		return members{always: []string{"event", "result"}, values: one("result.platform", "apple|google")}
	case "Stripe-Signature":
		return members{
			always:   []string{"id", "object", "api_version", "created", "data", "livemode", "pending_webhooks", "type"},
			optional: []string{"data.object.address"}, sometimes: []string{"request"}, values: one("data.object.tax_exempt", "none|exempt|reverse"),
		}
	}
	return members{
		always: []string{"action|ref|zen", "repository", "sender"},
		sometimes: []string{
			"issue", "comment", "label", "changes", "pull_request", "number", "before", "after", "release", "pusher", "created", "deleted",
			"forced", "base_ref", "compare", "commits", "head_commit", "hook_id", "hook",
		},
		optional: []string{"issue.body", "repository.owner.avatar_url"}, values: one("repository.owner.type", "Organization|User"),
	}
}

// null reports whether there is null at a place.
func (m message) null(place string) bool {
	object, name := m.around(place)
	value, there := object[name]
	return there && value == nil
}

// absent reports whether a place has no value in the object where it would be.
func (m message) absent(place string) bool {
	object, name := m.around(place)
	_, there := object[name]
	return object != nil && !there
}

// around returns the object that a place is in, and the name there; nil is no object.
func (m message) around(place string) (object map[string]any, name string) {
	within, name := message{m.header, m.root}, place
	if i := strings.LastIndex(place, "."); i >= 0 {
		name = place[i+1:]
		within.root = nil
		if found := m.find(place[:i]); len(found) > 0 {
			within.root = found[0]
		}
	}
	object, _ = within.root.(map[string]any)
	return object, name
}
