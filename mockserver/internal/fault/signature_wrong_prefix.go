package fault

// wrongPrefix changes the label before the signature: sha257= for sha256=.
func wrongPrefix() row {
	return prefixRow("wrong_prefix", "change one character of the label before the signature: sha257= for sha256=, v2= for v1=",
		"The consumer cuts the label off without a look at it, or tries every signature whatever its version is.",
		"AdCP rejection vectors; Standard Webhooks, unknown versions are ignored",
		otherLabel)
}

// otherLabel changes one character of a label.
func otherLabel(label string) string {
	for i := len(label) - 1; i >= 0; i-- {
		if alphanumeric(rune(label[i])) {
			return label[:i] + string(nudge(label[i])) + label[i+1:]
		}
	}
	return label
}
