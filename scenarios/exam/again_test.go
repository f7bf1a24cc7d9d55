package exam

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestUntimelyCheckIsMadeAgain checks that a check without a response in time is made a second
// time, and only then inconclusive.
func TestUntimelyCheckIsMadeAgain(t *testing.T) {
	t.Parallel()
	for late, want := range map[int64]Verdict{1: Pass, 2: Inconclusive} {
		var empty atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch body, _ := io.ReadAll(r.Body); {
			case len(body) > 0:
			case empty.Add(1) <= late:
				<-r.Context().Done()
			default:
				w.WriteHeader(http.StatusBadRequest)
			}
		}))
		t.Cleanup(server.Close)
		report, err := Run(t.Context(), nil, Consumer{URL: server.URL, Provider: "ethpass", Secret: "a-secret", Only: []string{"body-empty"}, Timeout: time.Second})
		if err != nil || len(report.Checks) != 1 || report.Checks[0].Result != want || empty.Load() != 2 {
			t.Errorf("%d late: %v, %d empty bodies: %+v", late, err, empty.Load(), report.Checks)
		}
	}
}
