package matchers

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// A poll checks only what is new: a capture that was there before is not checked again, unless the
// condition calls a matcher of the test, or it is another one with the same id.
func TestAPollChecksWhatIsNew(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)
	first := mockserver.Capture{ID: "c1", At: at, Message: mockserver.Message{Body: []byte("1")}}
	changed, later, noTime, noID := first, first, first, first
	changed.Body = []byte("2")
	later.At = at.Add(1)
	noTime.At = time.Time{}
	noID.ID = ""
	for name, row := range map[string]struct {
		polls []mockserver.Capture
		calls bool
		want  int
	}{
		"the same":                  {[]mockserver.Capture{first, first, first}, false, 1},
		"a matcher of the test":     {[]mockserver.Capture{first, first, first}, true, 3},
		"another body":              {[]mockserver.Capture{first, changed, changed}, false, 2},
		"another time":              {[]mockserver.Capture{first, later, later}, false, 2},
		"a message, which has none": {[]mockserver.Capture{noTime, noTime, noTime}, false, 3},
		"no id":                     {[]mockserver.Capture{noID, noID, noID}, false, 3},
	} {
		checks := 0
		m := HaveReceived(&condition{calls: row.calls, check: func(actual any) (string, bool, error) {
			checks++
			return "", string(actual.(mockserver.Capture).Body) == "1", nil
		}})
		for _, c := range row.polls {
			if ok, err := m.Match([]mockserver.Capture{c}); ok != (string(c.Body) == "1") || err != nil {
				t.Errorf("%s: %v, %v", name, ok, err)
			}
		}
		if checks != row.want {
			t.Errorf("%s: checked %d times, want %d", name, checks, row.want)
		}
	}
}
