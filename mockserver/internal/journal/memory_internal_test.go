package journal

import "testing"

// The places of captures that are gone do not pile up behind one that stays.
func TestPlacesAreForgotten(t *testing.T) {
	t.Parallel()
	s := NewMemory(MemoryOptions{PerBin: 10}).(*memory)
	for i := range 20_000 {
		c := Capture{Bin: "busy"}
		if i == 0 {
			c.Bin = "quiet"
		}
		if err := s.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.order.len(); got > 2*s.held+1024 {
		t.Errorf("%d places for %d captures", got, s.held)
	}
	if got, err := s.Captures(t.Context(), CaptureQuery{Oldest: true}); err != nil || len(got) != 11 || got[0].Bin != "quiet" {
		t.Errorf("%d captures, %v", len(got), err)
	}
}
