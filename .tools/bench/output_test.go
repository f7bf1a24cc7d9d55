package main

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The files in testdata/output are what the tools printed; long lists in them are cut.
func TestOutputs(t *testing.T) {
	for _, tt := range []struct {
		file  string
		parse func([]byte) (Measured, error)
		want  Measured
	}{
		{"wrk.txt", parseWrk, Measured{Requests: 60002, Seconds: 1.1, Response: &Quantiles{0.104, 14.69}}},
		{"wrk2.txt", parseWrk, Measured{Requests: 5502, Seconds: 11, Response: &Quantiles{0.93, 20.37}}},
		{"wrk-503.txt", parseWrk, Measured{Requests: 20522, Failed: 20522, Seconds: 1.1}},
		{
			"hookrig.json", parseBurst,
			Measured{Requests: 500, Seconds: 0.99932291, Lag: &Quantiles{0.542, 11.999}, Response: &Quantiles{0.675, 18.063}},
		},
		{"signed.json", parseSigned, Measured{Requests: 1000, Seconds: 0.999575621, Lag: &Quantiles{1.528307, 3.732949}, Response: &Quantiles{0.129847, 1.831511}}},
		{"vegeta.json", parseVegeta, Measured{Requests: 19401, Seconds: 1.000042552, Response: &Quantiles{0.185498, 3.529592}}},
		{"hey.txt", parseHey, Measured{Requests: 20053, Seconds: 1.0011, Response: &Quantiles{0.3, 3.2}}},
		{"bombardier.json", parseBombardier, Measured{Requests: 38092, Seconds: 1.000527424, Response: &Quantiles{0.179, 0.749}}},
		{"fortio.json", parseFortio, Measured{Requests: 51391, Seconds: 1.000100357, Response: &Quantiles{0.5135155259147839, 1.0540822784810026}}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/output/" + tt.file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.parse(raw)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v %+v %+v, %v, want %+v %+v %+v", got, got.Lag, got.Response, err, tt.want, tt.want.Lag, tt.want.Response)
			}
		})
	}
}

func TestOutputsWithoutFigures(t *testing.T) {
	for name, parse := range map[string]func([]byte) (Measured, error){
		"wrk": parseWrk, "hookrig": parseBurst, "signed": parseSigned, "vegeta": parseVegeta, "hey": parseHey,
		"bombardier": parseBombardier, "fortio": parseFortio, "k6": parseK6,
	} {
		for _, out := range []string{"", "unable to connect to 127.0.0.1:1 Connection refused\n"} {
			if m, err := parse([]byte(out)); err == nil {
				t.Errorf("%s, %q: %+v, want an error", name, out, m)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	hey := "  Total:\t0.5000 secs\n  [200]\t3 responses\n  [503]\t20 responses\nError distribution:\n" +
		"  [4]\tGet \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused\n"
	if m, err := parseHey([]byte(hey)); err != nil || m.Requests != 27 || m.Failed != 24 {
		t.Errorf("hey: %+v, %v", m, err)
	}
	wrk := "  10 requests in 1.00m, 1KB read\n  Socket errors: connect 0, read 2, write 1, timeout 4\n  Non-2xx or 3xx responses: 1\n"
	if m, err := parseWrk([]byte(wrk)); err != nil || m.Failed != 8 || m.Seconds != 60 {
		t.Errorf("wrk: %+v, %v", m, err)
	}
	burst := `{"shape": "max", "sent": 10, "acknowledged": 9, "seconds": 1, "accounting": {"lost": 1, "duplicated": 2}}`
	if m, err := parseBurst([]byte(burst)); err != nil || m.Failed != 1 || !m.Reconciled || m.Lost != 1 || m.Duplicated != 2 || m.Lag != nil {
		t.Errorf("hookrig: %+v, %v", m, err)
	}
	k6 := "some line\n" + `{"requests":7,"failed":1,"seconds":2,"p50":0.5,"p99":3}` + "\n"
	if m, err := parseK6([]byte(k6)); err != nil || m.Requests != 7 || m.Failed != 1 || m.Response.P99 != 3 {
		t.Errorf("k6: %+v, %v", m, err)
	}
}

func TestVersionIn(t *testing.T) {
	for line, want := range map[string]string{
		"wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer": "debian/4.1.0-3+b2",
		"wrk 4.0.0 [epoll] Copyright (C) 2012 Will Glozer":             "4.0.0",
		"k6 v1.2.0 (commit/abc, go1.24.4, linux/amd64)":                "v1.2.0",
		"": "",
	} {
		if got := versionIn(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestLuaText(t *testing.T) {
	if got, want := luaText("a\"b\\c\né"), `"a\034b\092c\010\195\169"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestShownCommands(t *testing.T) {
	b := &Bench{Work: "/tmp/work-1", Tools: map[string]Tool{"request-baskets": {Path: "/opt/request-baskets"}}}
	got := b.shown([]string{"/opt/request-baskets", "-l", "127.0.0.1", "-p", "35389", "-file", "/tmp/work-1/data-17/baskets.db", "-x", "it's"})
	if want := `request-baskets -l 127.0.0.1 -p PORT -file DIR/baskets.db -x 'it'\''s'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	got = b.shown([]string{"wrk", "http://127.0.0.1:4711/hook", "--port", "12"})
	if want := "wrk http://127.0.0.1:PORT/hook --port PORT"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if text := withoutURL("reading https://somewhere/x.zip: 403"); strings.Contains(text, "somewhere") {
		t.Error(text)
	}
}
