package delivery

// drop keeps an event from being sent, as a provider does that loses it: the delivery is made and
// ends as dropped. With named attempts only these are lost, which the journal shows as not sent,
// and the rest go on.
func drop() kind {
	return kind{
		FaultKind: FaultKind{Name: "drop", Text: "do not send it"},
		check:     noArg,
		drops:     true,
	}
}

// dropped says whether the attempt of that number is lost.
func dropped(faults []activeFault, attempt int) bool {
	for _, f := range faults {
		if f.kind.drops && f.on(attempt) {
			return true
		}
	}
	return false
}

// droppedWhole says whether no attempt is ever sent.
func droppedWhole(faults []activeFault) bool {
	for _, f := range faults {
		if f.kind.drops && len(f.Attempts) == 0 {
			return true
		}
	}
	return false
}
