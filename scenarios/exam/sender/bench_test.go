package sender_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// BenchmarkGrade grades the most captures that Grade looks at: half of the events fail once.
func BenchmarkGrade(b *testing.B) {
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		b.Fatal(err)
	}
	var requests []request
	for n := 0; len(requests) < sender.MaxCaptures-1; n++ {
		id, at := fmt.Sprint("msg_", n), float64(n)
		if n%2 == 0 {
			requests = append(requests, request{at, id, "", []string{"500", "302", "503 Retry-After: 10", "hang"}[n/2%4], "", 1})
			at += 6
		}
		requests = append(requests, request{at, id, "", "200", "", 0})
	}
	list := captures(b, p, requests...)
	o := sender.Options{Provider: p, Secrets: []string{secret}, Now: list[0].At.Add(24 * time.Hour)}
	for b.Loop() {
		if _, err := sender.Grade(list, o); err != nil {
			b.Fatal(err)
		}
	}
}
