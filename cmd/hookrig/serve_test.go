package main

import (
	"io"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// A seed of serve determines the events for which a caller gives none.
func TestServeSeed(t *testing.T) {
	event := func(seed string) string {
		t.Helper()
		s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", "memory", "--seed", seed)
		line(t, s.out, `^capture `)
		dashboard := line(t, s.out, `^dashboard +(\S+)`)[1]
		go io.Copy(io.Discard, s.out)
		go io.Copy(io.Discard, s.err)
		client, err := mockserver.Dial(dashboard, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: "http://127.0.0.1:1/"}); err != nil {
			t.Fatal(err)
		}
		made, err := client.Emit(t.Context(), "neostore", mockserver.Emission{Event: "Pass:Created"})
		if err != nil || len(made) != 1 {
			t.Fatal(made, err)
		}
		return string(made[0].Event.Body)
	}
	if first, again, other := event("7"), event("7"), event("8"); first != again || first == other {
		t.Errorf("seed 7: %s\nseed 7: %s\nseed 8: %s\nwant the first two the same, and the third another", first, again, other)
	}
}
