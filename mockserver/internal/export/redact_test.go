package export_test

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

const secretive = "POST /in?a=1&Api_Key=hush1&token=&secret%5Fx=hush2&keys=7 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer hush3\r\nproxy-authorization: hush4\r\n" +
	"COOKIE: s=hush5\r\nX-Api-Key: hush6\r\nX-Gitlab-Token: hush7\r\nX-Signature: 1f\r\nContent-Length: 30\r\n\r\n" + `{"secret":"stays","token":"too"`

func TestRedaction(t *testing.T) {
	t.Parallel()
	c := capture(t, strings.Replace(secretive, "30", "31", 1))
	c.Response = &journal.Response{
		Headers: map[string]string{"Set-Cookie": "s=hush8", "X-A": "1"},
		Lines:   signature.Headers{{Name: "set-cookie", Value: "s=hush9"}, {Name: "X-B", Value: "2"}},
	}
	want := strings.NewReplacer("30", "39", `"stays"`, `"REDACTED"`, `"too"`, `"REDACTED"`, "Bearer hush3", "Bearer REDACTED", "hush1", "REDACTED", "hush2", "REDACTED", "hush4", "REDACTED", "s=hush5", "REDACTED",
		"hush6", "REDACTED", "hush7", "REDACTED").Replace(secretive)
	if got := write(t, "raw", export.Options{}, c); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := write(t, "raw", export.Options{KeepSecrets: true}, c); !strings.Contains(got, "hush7") || !strings.Contains(got, "Bearer hush3") {
		t.Errorf("asked to keep secrets: %q", got)
	}
	for _, f := range export.Formats() {
		if f.Name == "scenario" || f.Name == "schema" {
			continue // neither an event nor JSON
		}
		if got := write(t, f.Name, export.Options{}, c); strings.Contains(got, "hush") || !strings.Contains(got, "REDACTED") {
			t.Errorf("%s shows a secret:\n%s", f.Name, got)
		}
	}
	if c.Headers.Get("Cookie") != "s=hush5" || c.Response.Headers["Set-Cookie"] != "s=hush8" || c.Response.Lines[0].Value != "s=hush9" {
		t.Error("the capture itself was changed")
	}
}
