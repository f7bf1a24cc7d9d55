package fault

// doublePrefix repeats the label before the signature.
func doublePrefix() row {
	return prefixRow("double_prefix", "repeat the label before the signature: sha256=sha256=…",
		"The consumer removes every label that it finds, so it takes more texts than the provider writes, or crashes on one more =.",
		"AdCP rejection vectors",
		func(label string) string { return label + label })
}
