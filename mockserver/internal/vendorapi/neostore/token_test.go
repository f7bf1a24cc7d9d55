package neostore_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// dashboard is a dashboard with nothing on it.
func dashboard(vendorapi.Parts) http.Handler {
	return http.NotFoundHandler()
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// signingKey is the server's private key, from its store.
func (r *server) signingKey() (*rsa.PrivateKey, string) {
	r.t.Helper()
	r.want(200, "GET", "/.well-known/jwks.json", "")
	doc, err := r.Store.Get(r.context(), "neostore/authority", "oauth")
	var stored struct{ Key jose.JSONWebKey }
	if err == nil {
		err = json.Unmarshal(doc, &stored)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return stored.Key.Key.(*rsa.PrivateKey), stored.Key.KeyID
}

// rs256 signs by hand, so that nothing keeps a wrong token from being made.
func rs256(t testing.TB, key *rsa.PrivateKey, head, claims string) string {
	t.Helper()
	text := b64([]byte(head)) + "." + b64([]byte(claims))
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64(sig)
}

// verifyRS256 verifies a token with the numbers of a published key.
func verifyRS256(token, n, e string) error {
	at := strings.LastIndex(token, ".")
	sig, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil {
		return err
	}
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		return err
	}
	exponent, err := base64.RawURLEncoding.DecodeString(e)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(token[:at]))
	key := rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	return rsa.VerifyPKCS1v15(&key, crypto.SHA256, sum[:], sig)
}

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := start(t, setup{now: func() time.Time { return now }})
	key, id := r.signingKey()
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	// claims are good ones, but for what is said; null leaves one out.
	claims := func(changes string) string {
		good := map[string]any{
			"iss": r.url, "aud": []string{"https://app.neostore.cloud/api/"}, "sub": "x", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
			"scope": "Webhook.Read", "tenant": "acme",
		}
		if err := json.Unmarshal([]byte(changes), &good); err != nil {
			t.Fatal(err)
		}
		for name, value := range good {
			if value == nil {
				delete(good, name)
			}
		}
		text, _ := json.Marshal(good)
		return string(text)
	}
	head := `{"alg":"RS256","typ":"JWT","kid":"` + id + `"}`
	signed := func(changes string) string { return rs256(t, key, head, claims(changes)) }
	good := signed(`{}`)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	confused := func(secret []byte) string {
		text := b64([]byte(`{"alg":"HS256","typ":"JWT","kid":"`+id+`"}`)) + "." + b64([]byte(claims(`{}`)))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + b64(mac.Sum(nil))
	}
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token  string
		status int
		want   string
	}{
		"good":                    {good, 200, ""},
		"good with one audience":  {signed(`{"aud":"https://app.neostore.cloud/api/"}`), 200, ""},
		"good for this address":   {signed(`{"aud":["x","` + r.url + `/api/"]}`), 200, ""},
		"good without kid":        {rs256(t, key, `{"alg":"RS256"}`, claims(`{}`)), 200, ""},
		"expired":                 {signed(`{"exp":1772366399}`), 401, "The token has expired at 2026-03-01T11:59:59Z."},
		"expires now":             {signed(`{"exp":1772366400}`), 401, "The token has expired"},
		"without exp":             {signed(`{"exp":null}`), 401, "The token has no exp."},
		"issued in the future":    {signed(`{"iat":1772366401}`), 401, "not yet valid: it is issued at 2026-03-01T12:00:01Z."},
		"not before":              {signed(`{"nbf":1772366410}`), 401, "not yet valid: it will be at 2026-03-01T12:00:10Z."},
		"another audience":        {signed(`{"aud":["https://else.example/"]}`), 401, "audience 'https://else.example/'"},
		"no audience":             {signed(`{"aud":null}`), 401, "audience ''"},
		"another issuer":          {signed(`{"iss":"https://auth.example/"}`), 401, "issuer 'https://auth.example/'"},
		"another tenant":          {signed(`{"tenant":"other"}`), 403, "The token is for another tenant."},
		"no tenant":               {signed(`{"tenant":null}`), 403, "The token is for another tenant."},
		"another scope":           {signed(`{"scope":"Webhook.Write Webhook.ReadAll"}`), 403, "The scope Webhook.Read is required, and not granted."},
		"no scope":                {signed(`{"scope":null}`), 403, "The scope Webhook.Read is required"},
		"another key":             {rs256(t, foreign, head, claims(`{}`)), 401, "The signature of the token is wrong."},
		"another key by name":     {rs256(t, foreign, `{"alg":"RS256","kid":"mine"}`, claims(`{}`)), 401, "the key 'mine', which is not this issuer's"},
		"changed":                 {parts[0] + "." + b64([]byte(claims(`{"tenant":"other"}`))) + "." + parts[2], 401, "The signature of the token is wrong."},
		"no signature":            {parts[0] + "." + parts[1] + ".", 401, "The signature of the token is wrong."},
		"alg none":                {b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", 401, "the algorithm 'none': want RS256."},
		"HS256 with the key":      {confused(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), 401, "the algorithm 'HS256': want RS256."},
		"HS256 with the key, DER": {confused(der), 401, "the algorithm 'HS256': want RS256."},
		"claims of other types":   {signed(`{"scope":7}`), 401, "The claims of the token cannot be read."},
		"claims that are no JSON": {rs256(t, key, head, `no`), 401, "not a JSON object"},
		"claims that are a list":  {rs256(t, key, head, `[]`), 401, "not a JSON object"},
		"garbage":                 {"garbage", 401, "not a JSON Web Token. (A key is sent as X-API-KEY.)"},
		"a key":                   {"acme-key", 401, "A key is sent as X-API-KEY"},
		"nothing":                 {"", 401, "not a JSON Web Token"},
		"dots":                    {"..", 401, "the algorithm '': want RS256."},
		"a long one":              {strings.Repeat("x", 30_000), 401, "not a JSON Web Token"},
	} {
		a := r.call("GET", "/api/acme/webhooks", "", "X-API-KEY:", "Authorization: bearer "+c.token)
		if c.token == "" {
			a = r.call("GET", "/api/acme/webhooks", "", "X-API-KEY:", "Authorization: Bearer .")
		}
		if a.status != c.status || !strings.Contains(strings.ReplaceAll(a.body, `\"`, "'"), c.want) {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.want)
		}
		challenge, code := a.header.Get("WWW-Authenticate"), map[int]string{401: "invalid_token", 403: "insufficient_scope"}[c.status]
		if c.status == 200 && challenge != "" || c.status != 200 && (!strings.HasPrefix(challenge, `Bearer realm="neostore", error="`+code+`", error_description="`) || !strings.Contains(challenge, c.want)) {
			t.Errorf("%s: WWW-Authenticate: %s", name, challenge)
		}
	}
	if a := r.call("GET", "/api/acme/webhooks", "", "X-API-KEY: wrong", "Authorization: Bearer "+good); a.status != 401 {
		t.Errorf("a wrong key beside a good token: %d", a.status)
	}
}

// A token that was got through the page is taken for an hour.
func TestTokensExpire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := start(t, setup{now: func() time.Time { return now }})
	bearer := "Authorization: Bearer " + r.token("Webhook.Read")
	r.want(200, "GET", "/api/acme/webhooks", "", "X-API-KEY:", bearer)
	now = now.Add(time.Hour - 2*time.Second)
	r.want(200, "GET", "/api/acme/webhooks", "", "X-API-KEY:", bearer)
	now = now.Add(2 * time.Second)
	if a := r.want(401, "GET", "/api/acme/webhooks", "", "X-API-KEY:", bearer); !strings.Contains(a.body, "has expired") {
		t.Errorf("%s", a.body)
	}
	if _, err := r.Store.Get(r.context(), "neostore/authority", "oauth"); err != nil {
		t.Error(err)
	}
}
