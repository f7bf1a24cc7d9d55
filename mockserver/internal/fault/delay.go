package fault

import (
	"errors"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// maxDelay bounds delay.
const maxDelay = 30 * 24 * time.Hour

// delay sends late on the schedule's clock, so that other events overtake.
func delay() row {
	late := func(arg string) time.Duration {
		d, _ := strictyaml.ParseDuration(arg)
		return d
	}
	return row{
		Kind: Kind{
			Name: "delay", Text: "send that much later, so that other events overtake (30s, 5m, 2d)",
			Changes: "the time of the delivery", Signature: Valid,
			Finds:  "The consumer lets a late event overwrite what a newer one has set.",
			Source: "shopify.dev changelog, X-Shopify-Triggered-At",
		},
		arg: argument{"DURATION", "5m", func(arg string) error {
			if d := late(arg); d <= 0 || d > maxDelay {
				return errors.New("want how much later, more than 0 and at most 30d, as in delay:5m")
			}
			return nil
		}},
		groups: []string{"due"},
		late:   late,
	}
}
