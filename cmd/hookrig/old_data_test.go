package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A data folder of every earlier version is served: its bins do what they were set to do, its
// endpoints, tenants, entities, tokens and secrets are there, its captures are listed, and its bins
// take new ones. UPDATE=1 writes the golden files anew.
func TestOldDataFolders(t *testing.T) {
	archives, err := filepath.Glob("../../mockserver/store/sqlite/testdata/journals/*.tar.gz")
	if err != nil || len(archives) < 10 {
		t.Fatalf("%d folders, %v", len(archives), err)
	}
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			extract(t, archive, dir)
			golden := filepath.Join("testdata/old", name+".json")
			s := start(t, "serve", "--capture", otherThan(t, golden), "--dashboard", "127.0.0.1:0", "--data", dir, "--clock", "virtual")
			capture := line(t, s.out, `^capture +(\S+)/<bin>`)[1]
			dashboard := line(t, s.out, `^dashboard +(\S+)`)[1]
			go io.Copy(io.Discard, s.out)
			go io.Copy(io.Discard, s.err)
			got := settings(t, dashboard, capture)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
			for _, path := range []string{"/captures?limit=1000", "/bins/plain/captures", "/deliveries?limit=1000"} {
				before := len(ask(t, dashboard+"/api/v1"+path, nil).(map[string]any)["items"].([]any))
				resp, err := http.Post(capture+"/plain", "text/plain", strings.NewReader("new"))
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatal(resp, err)
				}
				resp.Body.Close()
				after := len(ask(t, dashboard+"/api/v1"+path, nil).(map[string]any)["items"].([]any))
				if added := after - before; before == 0 || added != 1 && strings.Contains(path, "captures") {
					t.Errorf("%s: %d before, %d after another capture", path, before, after)
				}
			}
			s.interrupt()
			if code := <-s.code; code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// otherThan returns a free address that a golden file does not have. Its bins forward to ports of
// that time, one of which may be free now, and no bin may forward to the server itself.
func otherThan(t *testing.T, golden string) string {
	t.Helper()
	text, _ := os.ReadFile(golden) // there is none before UPDATE=1
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		if !bytes.Contains(text, []byte(address)) {
			return address
		}
	}
}

// settings are what the server answers about everything that the folder keeps beside captures and
// deliveries.
func settings(t *testing.T, dashboard, capture string) string {
	t.Helper()
	api, all := dashboard+"/api/v1", map[string]any{}
	add := func(path string) any {
		all[path] = ask(t, api+path, nil)
		return all[path]
	}
	for _, b := range items(ask(t, api+"/bins", nil)) {
		bin := "/bins/" + b["name"].(string)
		add(bin)
		set, ok := all[bin].(map[string]any)
		if !ok {
			t.Fatalf("%s: %v", bin, all[bin])
		}
		delete(set, "stats") // has the time of the start
	}
	add("/endpoints")
	for _, provider := range []string{"neostore", "subscribfy", "ethpass"} {
		add("/providers/" + provider + "/tenants")
		for _, tenant := range items(all["/providers/"+provider+"/tenants"]) {
			add("/providers/" + provider + "/entities?tenant=" + tenant["name"].(string))
		}
	}
	// What only the systems' own APIs show.
	own := func(path, key string) { all[path] = ask(t, dashboard+path, http.Header{"X-Api-Key": {key}}) }
	if len(items(all["/providers/ethpass/tenants"])) > 1 {
		own("/ethpass/v0/project/secret", "proj-key")
		own("/subscribfy/stores/shop/webhooks", "shop-key")
	}
	for _, b := range items(ask(t, api+"/bins", nil)) {
		if name := b["name"].(string); len(name) == len("8ad984b1-493d-4e64-bdd9-c6dae0b5dc6f") {
			token := ask(t, capture+"/token/"+name, nil).(map[string]any)
			for _, volatile := range []string{"latest_request_at", "updated_at"} {
				delete(token, volatile)
			}
			all["token"] = token
			requests := ask(t, capture+"/token/"+name+"/requests", nil).(map[string]any)["data"].([]any)
			all["note"] = requests[len(requests)-1].(map[string]any)["note"]
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(dashboard, "Dashboard", capture, "CAPTURE").Replace(text.String())
}

func items(answer any) []map[string]any {
	var list []map[string]any
	for _, item := range answer.(map[string]any)["items"].([]any) {
		list = append(list, item.(map[string]any))
	}
	return list
}

// ask gets JSON.
func ask(t *testing.T, url string, header http.Header) any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode >= 500 {
		t.Fatalf("%s: %s, %v: %v", url, resp.Status, err, answer)
	}
	if resp.StatusCode >= 300 {
		return fmt.Sprint(resp.StatusCode, answer)
	}
	return answer
}

// extract unpacks a folder's files.
func extract(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
