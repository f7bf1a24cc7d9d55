package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// What is shown as signed, and with which secret, is enough to make the shown signature again.
func TestShownSignatureCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	var rows []eventRow
	s := start(t, "events", "--sample", "--seed", "7", "--json")
	go func() { _, _ = io.Copy(io.Discard, s.err) }()
	if err := json.NewDecoder(s.out).Decode(&rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if len(row.Signature.Signatures) == 0 {
			t.Fatalf("%s: no signature", row.Name)
		}
		for _, about := range row.Signature.Signatures {
			place, got := about.Places[0], ""
			for _, h := range row.Headers {
				if h.Name == place.Name {
					got = h.Value
				}
			}
			stamp := ""
			if found := regexp.MustCompile(`t=(\d+),`).FindStringSubmatch(got); found != nil {
				stamp = found[1]
			}
			want := strings.NewReplacer("SECRET", row.Secret, "TIMESTAMP", stamp, "SIGNATURE", signedAsSaid(t, about, row, stamp)).Replace(place.Value)
			if got != want || want == "" {
				t.Errorf("%s %s: %s is %q, want %q", row.Provider, row.Name, place.Name, got, want)
			}
		}
	}
}

// signedAsSaid makes the signature of a sample as its description says.
func signedAsSaid(t *testing.T, about signature.Described, row eventRow, stamp string) string {
	t.Helper()
	hashes := map[string]func() hash.Hash{"HMAC-SHA256": sha256.New, "HMAC-SHA1": sha1.New}
	newHash, known := hashes[about.Algorithm]
	if !known {
		return ""
	}
	mac := hmac.New(newHash, []byte(row.Secret))
	switch about.Signed {
	case "the body's raw bytes, as they arrive, before anything parses them":
	case `TIMESTAMP + "." + the body's raw bytes`:
		mac.Write([]byte(stamp + "."))
	default:
		t.Fatalf("%s: what is signed: %s", row.Name, about.Signed)
	}
	mac.Write([]byte(row.Sample))
	return hex.EncodeToString(mac.Sum(nil))
}

// A consumer that refuses what is signed rightly is explained, and no other.
func TestSendExplainsARefusal(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		args   []string
		want   string // of the hint; "" is none
	}{
		"another secret":   {401, []string{"neostore", "Pass:Created", "--secret", "S"}, "the signature is valid for this secret: the consumer has another secret"},
		"forbidden":        {403, []string{"subscribfy", "wallet_pass/created", "--secret", "S"}, "hookrig events subscribfy"},
		"minted":           {401, []string{"neostore", "Pass:Created"}, "the secret was generated, so the consumer cannot know it"},
		"no secret":        {401, []string{"ethpass", "pass:scan"}, "there is no secret, so the event is not signed"},
		"signs nothing":    {401, []string{"subscribfy-hub", "billing.failed"}, "subscribfy-hub does not sign"},
		"a fault":          {401, []string{"neostore", "Pass:Created", "--secret", "S", "--fault", "signature:missing"}, ""},
		"expected":         {401, []string{"neostore", "Pass:Created", "--secret", "S", "--expect", "401"}, ""},
		"broken otherwise": {500, []string{"neostore", "Pass:Created", "--secret", "S"}, ""},
		"taken":            {204, []string{"neostore", "Pass:Created", "--secret", "S"}, ""},
		"as JSON":          {401, []string{"neostore", "Pass:Created", "--secret", "S", "--json"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(row.status) }))
			defer consumer.Close()
			s := start(t, append([]string{"send", "--to", consumer.URL}, row.args...)...)
			go func() { _, _ = io.Copy(io.Discard, s.err) }()
			out, err := io.ReadAll(s.out)
			if err != nil {
				t.Fatal(err)
			}
			_, hint, found := strings.Cut(string(out), "\nhint    ")
			if found != (row.want != "") || !strings.Contains(hint, row.want) {
				t.Errorf("hint %q, want %q", hint, row.want)
			}
		})
	}
}
