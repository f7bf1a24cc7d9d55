package sender_test

import (
	"errors"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		options sender.Options
		want    error
	}{
		"no provider":     {sender.Options{}, sender.ErrOptions},
		"unknown check":   {sender.Options{Provider: p, Skip: map[string]string{"retry": "why"}}, sender.ErrOptions},
		"unknown profile": {sender.Options{Provider: p, Retry: "sometimes"}, fixtures.ErrUnknownRetry},
	} {
		if _, err := sender.Grade(nil, row.options); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	r, err := sender.Grade(nil, sender.Options{Provider: p})
	if err != nil || r.Problem == "" || r.Score.Graded() != 0 {
		t.Errorf("%+v, %v: want a report with a problem", r, err)
	}
}
