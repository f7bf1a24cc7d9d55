package export

import (
	"fmt"
	"io"
	"strconv"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// goFormat returns the format of a Go test.
func goFormat() Format {
	return Format{
		Name: "go", Text: "a Go test that sends the requests and compares what arrives", MediaType: "text/x-go", Extension: "_test.go",
		Many: true, write: writeGo,
	}
}

const goBegin = `// These are captured requests to %s.
package captured

import (
	"bytes"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// TestCaptured sends every request again and changes only its address. It sends them to a bin, which must receive the
// same bodies in the same order. To test a consumer, set consumer to its address and check what it did.
func TestCaptured(t *testing.T) {
	ctx := t.Context()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	consumer := inbox.URL()

	var client mockserver.HTTPClient
	defer client.CloseIdle()
	for i, raw := range captured() {
		request, err := mockserver.ParseRequest([]byte(raw))
		if err != nil {
			t.Fatalf("request %%d: %%v", i+1, err)
		}
		// For a consumer that checks timestamps, sign again: mockserver.ReplayChange{Resign: …}.
		sent, _, err := (&mockserver.ReplayChange{}).Apply(request, consumer, time.Now(), time.Now())
		if err != nil {
			t.Fatalf("request %%d: %%v", i+1, err)
		}
		if got := client.Send(ctx, consumer, sent); got.Status < 200 || got.Status > 299 {
			t.Errorf("request %%d: %%s, status %%d, %%v: want 2xx", i+1, got.Outcome, got.Status, got.Err)
		}
		if consumer != inbox.URL() {
			continue
		}
		captures, err := inbox.Wait(ctx, i+1)
		if err != nil {
			t.Fatalf("request %%d: %%v", i+1, err)
		}
		if got := captures[i]; got.Method != request.Method || !bytes.Equal(got.Body, request.Body) {
			t.Errorf("request %%d arrived as %%s, body %%q; want %%s, body %%q", i+1, got.Method, got.Body, request.Method, request.Body)
		}
	}
}

// captured returns the requests, byte for byte.
func captured() []string {
	return []string{
`

const goEnd = "\t}\n}\n"

func writeGo(w io.Writer, captures records, o *Options) error {
	if _, err := fmt.Fprintf(w, goBegin, comment(o.Name)); err != nil {
		return err
	}
	for c, err := range captures {
		if err != nil {
			return err
		}
		raw := c.Bytes()
		item := fmt.Sprintf("\t\t// %s\n", comment(c.ID))
		if len(c.redacted) > 0 {
			item += fmt.Sprintf("\t\t// %s\n", c.redactions())
		}
		if _, err := wire.ParseRequest(raw); err != nil {
			item += fmt.Sprintf("\t\t// skipped: %s\n", comment(err.Error()))
		} else {
			item += "\t\t" + strconv.Quote(string(raw)) + ",\n"
		}
		if _, err := io.WriteString(w, item); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, goEnd)
	return err
}
