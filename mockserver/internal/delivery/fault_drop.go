package delivery

// drop keeps an event from being sent, as a provider does that loses it: its delivery is made and ends dropped.
// With attempts named it is these that are lost, which the journal shows as not sent, and the rest go on.
func drop() kind {
	return kind{
		FaultKind: FaultKind{Name: "drop", Text: "do not send it"},
		check:     noArg,
		drops:     true,
	}
}

// dropped says whether the attempt of that number is lost.
func dropped(faults []armed, attempt int) bool {
	for _, f := range faults {
		if f.kind.drops && f.on(attempt) {
			return true
		}
	}
	return false
}

// droppedWhole says whether no attempt is ever sent.
func droppedWhole(faults []armed) bool {
	for _, f := range faults {
		if f.kind.drops && len(f.Attempts) == 0 {
			return true
		}
	}
	return false
}
