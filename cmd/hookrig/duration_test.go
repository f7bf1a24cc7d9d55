package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestDurationFlag(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "5s": 5 * time.Second, "2h": 2 * time.Hour, "2d": 48 * time.Hour, "1w": 168 * time.Hour, "1d12h": 36 * time.Hour,
	} {
		var d durationFlag
		if err := d.Set(text); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %v, %v; want %v", text, time.Duration(d), err, want)
		}
		again := d
		if err := again.Set(d.String()); err != nil || again != d {
			t.Errorf("%s is written %s: %v, %v", text, d.String(), time.Duration(again), err)
		}
	}
	for _, text := range []string{"", "5", "-1s", "soon", "5 s", "1e9w"} {
		d := durationFlag(time.Second)
		if err := d.Set(text); err == nil || !strings.Contains(err.Error(), "want such as 250ms, 5s, 2h or 2d") || d != durationFlag(time.Second) {
			t.Errorf("%q: %v, %v", text, time.Duration(d), err)
		}
	}
}

// The help shows a default only where there is one.
func TestDurationFlagInHelp(t *testing.T) {
	t.Parallel()
	var zero, set time.Duration = 0, 30 * time.Second
	f := pflag.NewFlagSet("x", pflag.ContinueOnError)
	f.Var((*durationFlag)(&zero), "zero", "a `DURATION`")
	f.Var((*durationFlag)(&set), "set", "a `DURATION`")
	usage := f.FlagUsages()
	if strings.Contains(usage, "(default 0") || !strings.Contains(usage, "(default 30s)") {
		t.Error(usage)
	}
}
