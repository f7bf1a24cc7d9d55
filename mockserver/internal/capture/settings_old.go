package capture

import (
	"encoding/json"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// oldSettings are the members of stored settings under their first names: a response was a reply,
// and a sequence was turns.
type oldSettings struct {
	Replies *struct {
		Turns []journal.Response `json:"turns"`
		Rules []struct {
			Reply journal.Response   `json:"reply"`
			Turns []journal.Response `json:"turns"`
		} `json:"rules"`
	} `json:"replies"`
}

// parseSettings reads settings from the store, under the current names or the first ones.
func parseSettings(doc []byte, set *storedSettings) error {
	if err := json.Unmarshal(doc, set); err != nil {
		return err
	}
	var old oldSettings
	if err := json.Unmarshal(doc, &old); err != nil || old.Replies == nil {
		return err
	}
	var same struct {
		Replies Script `json:"replies"`
	}
	if err := json.Unmarshal(doc, &same); err != nil {
		return err
	}
	set.Responses = same.Replies
	set.Responses.Sequence = old.Replies.Turns
	for i, rule := range old.Replies.Rules {
		set.Responses.Rules[i].Response, set.Responses.Rules[i].Sequence = rule.Reply, rule.Turns
	}
	return nil
}
