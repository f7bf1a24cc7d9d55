package fault

// nonNumeric signs with a time that is a word.
func nonNumeric() row {
	return timestampRow("timestamp:non_numeric", "sign with the word \"now\" in the place of the time", Invalid,
		"The consumer crashes with a 5xx on a time that is no number, or takes it for 0 or for now.",
		"AdCP rejection vectors; Convoy, advanced_t_infinity",
		func(_ string, r *Request) error { return r.stamp("now") })
}
