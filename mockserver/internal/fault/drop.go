package fault

// drop keeps an event from being sent, as a provider does that loses it: the delivery is made and
// ends as dropped. With named attempts only these are lost, which the journal shows as not sent,
// and the rest go on.
func drop() row {
	return row{
		Kind: Kind{
			Name: "drop", Text: "do not send it", Changes: "that it is sent", Signature: Unsent,
			Finds:  "The consumer never notices that an event was lost, or cannot go on without it.",
			Source: "GitHub documentation, Best practices for using webhooks: redeliver missed deliveries",
		},
		groups: []string{"sending"},
		drops:  true,
	}
}
