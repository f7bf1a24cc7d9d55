package vendors_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-github/v92/github"
	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v86/webhook"
	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// sample is what these tests read of a file of fixtures/signature/testdata/schemes.
type sample struct {
	Secret  string           `yaml:"secret"`
	ID      string           `yaml:"id"`
	Body    string           `yaml:"body"`
	Signing signature.Scheme `yaml:"signing"`
}

func scheme(t *testing.T, name string) (s sample) {
	t.Helper()
	file := filepath.Join("../../fixtures/signature/testdata/schemes", name+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(text, &s); err != nil || s.Secret == "" || s.Body == "" {
		t.Fatalf("%s: %v: %+v", file, err, s)
	}
	return s
}

func (s sample) message() signature.Message {
	return signature.Message{Method: "POST", Target: "/in", Version: "HTTP/1.1", Body: []byte(s.Body)}
}

// check is a vendor's verifier.
type check func(h http.Header, body []byte, secret string) error

// The vendors' own verifiers accept what Sign writes, and refuse one changed byte.
func TestVendorsAccept(t *testing.T) {
	t.Parallel()
	for name, accepts := range map[string]check{
		"stripe": func(h http.Header, body []byte, secret string) error {
			return webhook.ValidatePayload(body, h.Get("Stripe-Signature"), secret)
		},
		"github": func(h http.Header, body []byte, secret string) error {
			for _, name := range []string{"X-Hub-Signature", "X-Hub-Signature-256"} {
				if err := github.ValidateSignature(h.Get(name), body, []byte(secret)); err != nil {
					return err
				}
			}
			return nil
		},
		"slack": func(h http.Header, body []byte, secret string) error {
			v, err := slack.NewSecretsVerifier(h, secret)
			if err != nil {
				return err
			}
			if _, err := v.Write(body); err != nil {
				return err
			}
			return v.Ensure()
		},
		"standard-webhooks": func(h http.Header, body []byte, secret string) error {
			w, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				return err
			}
			return w.Verify(body, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scheme(t, name)
			c := signature.Context{ID: s.ID, Time: time.Now()} // they check the age by the wall clock
			m := s.message()
			if err := s.Signing.Sign(&m, c, s.Secret); err != nil {
				t.Fatal(err)
			}
			if err := accepts(header(m), m.Body, s.Secret); err != nil {
				t.Errorf("the vendor refuses what we sign: %v", err)
			}
			tampered := bytes.Clone(m.Body)
			tampered[len(tampered)/2] ^= 1
			if accepts(header(m), tampered, s.Secret) == nil {
				t.Error("the vendor accepts another body: the test checks nothing")
			}
			if accepts(header(m), m.Body, s.Secret[:len(s.Secret)-4]+"AAAA") == nil {
				t.Error("the vendor accepts another secret: the test checks nothing")
			}
			c.Time = c.Time.Add(-time.Hour)
			old := s.message()
			if err := s.Signing.Sign(&old, c, s.Secret); err != nil {
				t.Fatal(err)
			}
			stale := s.Signing.Verify(old, signature.Context{ID: s.ID, Time: time.Now()}, s.Secret).Verdict == signature.Stale
			if refused := accepts(header(old), old.Body, s.Secret) != nil; refused != stale {
				t.Errorf("an hour old: the vendor refuses: %v, we call it stale: %v", refused, stale)
			}
		})
	}
}

// TestVendorsAcceptRotation has two active secrets: a consumer that knows either one must be
// content.
func TestVendorsAcceptRotation(t *testing.T) {
	t.Parallel()
	s := scheme(t, "standard-webhooks")
	c := signature.Context{ID: s.ID, Time: time.Now()}
	other := "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	m := s.message()
	if err := s.Signing.Sign(&m, c, other, s.Secret); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{other, s.Secret} {
		w, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Verify(m.Body, header(m)); err != nil {
			t.Errorf("%s: %v", m.Headers.Get("webhook-signature"), err)
		}
	}
	st := scheme(t, "stripe")
	m = st.message()
	if err := st.Signing.Sign(&m, c, "whsec_new", st.Secret); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"whsec_new", st.Secret} {
		if err := webhook.ValidatePayload(m.Body, m.Headers.Get("Stripe-Signature"), secret); err != nil {
			t.Errorf("%s: %v", m.Headers.Get("Stripe-Signature"), err)
		}
	}
}

func header(m signature.Message) http.Header {
	h := http.Header{}
	for _, line := range m.Headers {
		h.Add(line.Name, line.Value)
	}
	return h
}
