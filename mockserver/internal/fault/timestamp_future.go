package fault

// future signs with a time that has not come.
func future() row {
	return timestampRow("timestamp:future", "sign with a time that is 10s further ahead than the scheme's tolerance", Invalid,
		"The consumer checks that a time is not too old, and takes any time that is yet to come.",
		"Standard Webhooks, Go tests: a timestamp that is too new fails",
		func(_ string, r *Request) error { return r.shiftBeyond(1) })
}
