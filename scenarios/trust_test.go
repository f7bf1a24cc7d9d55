package scenarios

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// TestTrust checks that bursts and effects accept the certificates of Options.Trust, and that
// errors about others say what to do.
func TestTrust(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "7") }))
	consumer.Config.ErrorLog = log.New(io.Discard, "", 0)
	consumer.StartTLS()
	t.Cleanup(consumer.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(consumer.Certificate())
	for name, steps := range map[string]string{
		"burst":  "steps:\n  - id: load\n    burst: {provider: neostore, to: '" + consumer.URL + "', secret: s, count: 5, connections: 2}\n    expect: {burst: {acknowledged: 5}}\n",
		"effect": "effects:\n  rows: {http: {url: '" + consumer.URL + "'}}\nsteps:\n  - id: look\n    expect: {effects: {rows: {eventually: {eq: 7}, within: 1ms}}}\n",
	} {
		for trusted, trust := range map[string]mockserver.Trust{
			"not known": {}, "known": {Authorities: authorities}, "not checked": {SkipVerify: true},
		} {
			t.Run(name+", "+trusted, func(t *testing.T) {
				t.Parallel()
				server := mockserver.StartT(t)
				report, _ := Run(t.Context(), server.Client(), read(t, steps), Options{Trust: trust})
				got := strings.Join(strings.Fields(text(t, report)), " ")
				const says = "certificate signed by unknown authority: trust it with --cacert FILE, or --skip-verify"
				if good := trusted != "not known"; (report.Status == Passed) != good || strings.Contains(got, says) == good {
					t.Errorf("%s:\n%s", report.Status, got)
				}
			})
		}
	}
}
