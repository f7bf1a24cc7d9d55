package journal

import "testing"

// TestLocationsAreTrimmed checks that locations of deleted captures do not accumulate behind an old
// capture.
func TestLocationsAreTrimmed(t *testing.T) {
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
	if got := s.order.len(); got > 2*s.count+1024 {
		t.Errorf("%d locations for %d captures", got, s.count)
	}
	if got, err := s.Captures(t.Context(), CaptureQuery{Oldest: true}); err != nil || len(got) != 11 || got[0].Bin != "quiet" {
		t.Errorf("%d captures, %v", len(got), err)
	}
}
