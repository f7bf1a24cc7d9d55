package dashboard

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

func TestStrictErrors(t *testing.T) {
	t.Parallel()
	emit := func(raw string) error { _, err := strict[emissions]([]byte(raw)); return err }
	wait := func(raw string) error { _, err := strict[waitBody]([]byte(raw)); return err }
	settings := func(raw string) error { _, err := strict[settingsBody]([]byte(raw)); return err }
	for _, c := range []struct {
		read func(string) error
		raw  string
		want string
	}{
		{emit, `{"evnt": "Pass:Created"}`, `unknown member "evnt": did you mean "event"?`},
		{emit, `[{"event": "a"}, {"sed": 1}]`, `unknown member "sed": did you mean "seed"?`},
		{emit, `{"event": 7}`, `event: got a JSON number, want a string`},
		{emit, `{"event": "a", "set": [{"ponter": "/a"}]}`, `unknown member "ponter": did you mean "pointer"?`},
		{emit, `{"event": "a"} {}`, `unexpected content after the JSON value, at byte 16: want one value`},
		{emit, "{\n  \"event\": oops}", `line 2, column 12: invalid character 'o' looking for beginning of value: want JSON`},
		{emit, ``, `the JSON ends too early`},
		{emit, `{"event":`, `the JSON ends too early`},
		{wait, `{"timeout": "2 s"}`, `duration "2 s": want such as 250ms, 5s, 2h or 2d`},
		{wait, `{"count": "1"}`, `count: got a JSON string, want a whole number`},
		{settings, `{"url": "u", "where": "."}`, `member "where" belongs in another object`},
		{settings, `{"responses": {"sequense": []}}`, `unknown member "sequense": did you mean "sequence"?`},
	} {
		err := c.read(c.raw)
		p := (*problem.Problem)(nil)
		if !errors.As(err, &p) || p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Location != "body" {
			t.Errorf("%s: %+v, want one 422 problem in the body", c.raw, err)
			continue
		}
		if got := p.Errors[0].Message; got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.raw, got, c.want)
		}
	}
}

func TestSetIsAListOrAnObject(t *testing.T) {
	t.Parallel()
	want := []fixtures.Setting{
		{Pointer: "/z", Value: json.RawMessage(`1.50`)},
		{Pointer: "/a/b", Value: json.RawMessage(`{"deep": null}`)},
	}
	for _, raw := range []string{
		`{"event": "e", "set": {"/z": 1.50, "/a/b": {"deep": null}}}`,
		`{"event": "e", "set": [{"pointer": "/z", "value": 1.50}, {"pointer": "/a/b", "value": {"deep": null}}]}`,
	} {
		got, err := strict[emissions]([]byte(raw))
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if diff := cmp.Diff(want, got[0].emission().Set); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", raw, diff)
		}
	}
}

func TestWaitCountsOneWhenLeftOut(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]int{
		`{}`: 1, `{"count": 0}`: 0, `{"count": 3}`: 3, `{"max": 0}`: 0, `{"max": 2}`: 1, `{"max": 0, "settle": "1s"}`: 0,
	} {
		b, err := strict[waitBody]([]byte(raw))
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if got := b.wait().Count; got != want {
			t.Errorf("%s: count %d, want %d", raw, got, want)
		}
	}
}

func FuzzStrict(f *testing.F) {
	f.Add([]byte(`{"event": "a", "set": {"/a": [1]}, "faults": ["drop"]}`))
	f.Add([]byte(`[{"event": "a"}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := strict[emissions](raw)
		if err == nil && !json.Valid(raw) {
			t.Fatalf("%q is no JSON and was read as %+v", raw, body)
		}
	})
}
