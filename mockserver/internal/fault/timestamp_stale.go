package fault

// stale signs with a time that is too old.
func stale() row {
	return timestampRow("timestamp:stale", "sign with a time that is 10s older than the scheme's tolerance", Invalid,
		"The consumer takes a request that somebody has recorded and sends again much later.",
		"Standard Webhooks and Slack: 5 minutes; Linear: 60 seconds",
		func(_ string, r *Request) error { return r.shiftBeyond(-1) })
}
