package dashboard_test

import (
	"bufio"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	inbox := r.Bin("inbox")
	if err := inbox.Respond(t.Context(), journal.Response{Status: 500}, journal.Response{Status: 200}); err != nil {
		t.Fatal(err)
	}
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+inbox.URL()+`", "retry": "at-least-once"}`)
	r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
	r.call(t, 200, "POST", "/clock/settle", "")
	want := map[string]float64{
		`hookrig_bins`: 1, `hookrig_captures_total`: 1, `hookrig_captures_refused_total{why="no_bin"}`: 0, `hookrig_captures_kept`: 1, `hookrig_captures_evicted_total`: 0, `hookrig_deliveries_waiting`: 1,
		`hookrig_deliveries_total{state="delivered"}`: 0, `hookrig_attempts_total{outcome="status"}`: 1, `hookrig_streams`: 0, `hookrig_nodes{state="running"}`: 1, `hookrig_nodes{state="lost"}`: 0, `hookrig_deliveries_owned`: 1, `hookrig_captures_irregular_total{kind="aborted"}`: 0, `hookrig_stream_dropped_total`: 0,
	}
	check := func() {
		t.Helper()
		got := samples(t, r)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
	}
	check()
	check() // reading changes nothing
	r.call(t, 200, "POST", "/clock/advance", `{"by": "72h"}`)
	want[`hookrig_captures_total`] = 2
	want[`hookrig_captures_kept`], want[`hookrig_deliveries_waiting`], want[`hookrig_deliveries_owned`] = 2, 0, 0
	want[`hookrig_deliveries_total{state="delivered"}`], want[`hookrig_attempts_total{outcome="status"}`] = 1, 2
	check()
}

// samples parses the exposition format by its specification.
func samples(t *testing.T, r *server) map[string]float64 {
	t.Helper()
	resp, err := r.http.Get(r.DashboardURL() + "/api/v1/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	line := regexp.MustCompile(`^([a-z_]+)((?:\{[a-z]+="[a-z_]+"\})?) (\S+)$`)
	values, family, helped := map[string]float64{}, "", ""
	seen := map[string]bool{}
	scan := bufio.NewScanner(resp.Body)
	for scan.Scan() {
		text := scan.Text()
		if name, ok := strings.CutPrefix(text, "# TYPE "); ok {
			var kind string
			family, kind, _ = strings.Cut(name, " ")
			// The naming rules that promtool checks.
			if counter := kind == "counter"; counter != strings.HasSuffix(family, "_total") || !counter && kind != "gauge" {
				t.Errorf("%s is a %s: a counter, and nothing else, ends in _total", family, kind)
			}
			if helped != family || seen[family] {
				t.Errorf("%s: want one family of this name, with its HELP first", family)
			}
			seen[family] = true
			continue
		}
		if name, ok := strings.CutPrefix(text, "# HELP "); ok {
			var help string
			if helped, help, _ = strings.Cut(name, " "); help == "" {
				t.Errorf("%s has no help", helped)
			}
			continue
		}
		m := line.FindStringSubmatch(text)
		if m == nil || m[1] != family {
			t.Fatalf("line %q below family %q", text, family)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		if _, ok := values[m[1]+m[2]]; ok {
			t.Errorf("%s comes twice", m[1]+m[2])
		}
		values[m[1]+m[2]] = value
	}
	return values
}
