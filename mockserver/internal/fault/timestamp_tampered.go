package fault

// tamperedTime changes the time after the message was signed.
func tamperedTime() row {
	return row{
		Kind: Kind{
			Name: "timestamp:tampered", Text: "change the last digit of the time after it was signed; it stays within the tolerance",
			Changes: "the time", Signature: Invalid,
			Finds:  "The consumer checks the time and does not check that it is the one that was signed.",
			Source: "Standard Webhooks: the id, the time and the body are signed together",
		},
		groups: []string{"timestamp"},
		alter: func(_ string, r *Request) error {
			return r.tamperSlot(stampSlot, r.stamped, func(c rune) bool { return '0' <= c && c <= '9' })
		},
	}
}
