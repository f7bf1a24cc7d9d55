package subscribfy

import (
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// category is a group of topics in the guide ("Available Webhook Events").
type category struct {
	Key, Title string
}

// categories returns those of the guide, which elsewhere calls Membership Events VIP Events.
func categories() []category {
	return []category{
		{"wallet_pass", "Wallet Pass Events"},
		{"membership", "Membership Events"},
		{"product_subscription", "Product Subscription Events"},
		{"loyalty", "Loyalty Events"},
	}
}

// topic is one event type.
type topic struct {
	fixtures.EventType
	file     string // its name in the provider file
	category string
}

// topics are all of the provider, in its order. The option rename gives a topic another name; its
// category stays.
type topics []topic

func newTopics(p *fixtures.Provider) topics {
	files := map[string]string{}
	for renaming := range strings.FieldsSeq(p.Option("rename")) {
		file, name, _ := strings.Cut(renaming, "=")
		files[name] = file
	}
	all := make(topics, len(p.Events))
	for i, e := range p.Events {
		file, renamed := files[e.Name]
		if !renamed {
			file = e.Name
		}
		group, _, _ := strings.Cut(file, "/")
		all[i] = topic{EventType: e, file: file, category: group}
	}
	return all
}

// named returns the topic of that name on the wire, or a 404.
func (ts topics) named(name string) (topic, error) {
	if i := slices.IndexFunc(ts, func(t topic) bool { return t.Name == name }); i >= 0 {
		return ts[i], nil
	}
	return topic{}, vendorapi.Errorf(404, "There is no topic %.128q: GET …/webhooks lists them.", name)
}

// name returns the name on the wire of a topic of the file.
func (ts topics) name(file string) string {
	return ts[slices.IndexFunc(ts, func(t topic) bool { return t.file == file })].Name
}

// of returns the names of a category's topics.
func (ts topics) of(category string) []string {
	var names []string
	for _, t := range ts {
		if t.category == category {
			names = append(names, t.Name)
		}
	}
	return names
}

// selected returns the names of an endpoint's topics.
func (p *panel) selected(e journal.Endpoint) []string {
	var names []string
	for _, t := range p.topics {
		if _, ok := p.Provider.Subscription.Match(e.Events, t.Name); ok {
			names = append(names, t.Name)
		}
	}
	return names
}
