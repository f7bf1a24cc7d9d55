package main

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
)

// metric returns the value of a metric, or -1 without it.
func (n node) metric(name string) float64 {
	_, text := readiness(n.dashboard + "/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return value
}

// While its database is away, a server is alive and not ready, says so in its metrics, and becomes
// ready again by itself.
func TestServerWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.StartServer(t)
	one, two := startNode(t, database.DSN), startNode(t, database.DSN)
	probes := func(path string) (int, string) {
		t.Helper()
		status, text := readiness(one.dashboard + path)
		other, same := readiness(one.capture + "/.well-known/hookrig" + path)
		if api, _ := readiness(one.dashboard + "/api/v1" + path); other != status || same != text || api != status {
			return 0, "" // it changes now
		}
		return status, text
	}
	if status := one.post(t, "/inbox", "x"); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, text := probes("/readyz"); status != 200 || text != "ok\n" {
		t.Fatalf("%d %q", status, text)
	}
	for name, least := range map[string]float64{
		`hookrig_nodes{state="running"}`: 2, "hookrig_store_commits_total": 1, "hookrig_store_writes_total": 1, "hookrig_store_batch": 1,
		"hookrig_store_waiting": 0, "hookrig_store_oldest_wait_seconds": 0, "hookrig_store_away": 0, "hookrig_store_outages_total": 0,
		"hookrig_store_changes_behind": 0, "hookrig_deliveries_owned": 0, "hookrig_deliveries_adopted_total": 0,
	} {
		if got := one.metric(name); got < least {
			t.Errorf("%s is %v, want at least %v", name, got, least)
		}
	}
	database.Stop()
	until(t, "the server not to be ready", func() bool {
		status, text := probes("/readyz")
		return status == 503 && strings.HasPrefix(text, "not ready: the database does not take writes: ") && strings.Count(text, "\n") == 1
	})
	if status, text := probes("/healthz"); status != 200 || text != "ok\n" {
		t.Errorf("%d %q", status, text)
	}
	if away, bins := one.metric("hookrig_store_away"), one.metric("hookrig_bins"); away != 1 || bins != -1 {
		t.Errorf("away is %v, bins are %v", away, bins)
	}
	sent := make(chan int, 1)
	go func() { sent <- one.post(t, "/inbox", "y") }()
	until(t, "a write to wait", func() bool {
		return one.metric("hookrig_store_waiting") >= 1 && one.metric("hookrig_store_oldest_wait_seconds") > 0
	})
	database.Start()
	<-sent
	for _, n := range []node{one, two} {
		until(t, "the server to be ready", func() bool {
			status, _ := readiness(n.dashboard + "/readyz")
			return status == 200 && n.metric("hookrig_store_away") == 0 && n.metric("hookrig_bins") == 1
		})
	}
	if outages := one.metric("hookrig_store_outages_total"); outages < 1 {
		t.Errorf("%v outages", outages)
	}
}
