package neostore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

//go:embed authorize.html
var authorizePage string

// authorizationRequest is what a client asks for (RFC 6749, section 4.2.1).
type authorizationRequest struct {
	client   string
	redirect *url.URL
	state    string
	audience string
	scopes   []string
}

// consent is the page that asks a person.
type consent struct {
	Client, Redirect string
	Scopes           []scope
	Tenant           string
	Demo             string // the demo tenant, if there is one
	Form             string // the secret of the form
	Nonce            string
	Wrong            string // what was wrong with the form
	Refused          string // why there is no form at all
	status           int
	redirect         *url.URL
}

// authorize asks a person whether a client may have a token, and sends the browser back to the
// client with the answer.
func (a *api) authorize(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return a.ask(w, r, consent{Refused: "The query cannot be read.", status: http.StatusBadRequest})
	}
	d, wrong := a.recipient(r.Context(), query)
	if wrong != nil {
		return a.ask(w, r, consent{Refused: wrong.Text, status: wrong.Status})
	}
	if code, text := d.read(query, vendorapi.Base(r)); code != "" {
		d.fail(w, code, text)
		return nil
	}
	page := consent{Client: d.client, Redirect: d.redirect.Host, redirect: d.redirect, status: http.StatusOK}
	for _, s := range scopes() {
		if slices.Contains(d.scopes, s.Name) {
			page.Scopes = append(page.Scopes, s)
		}
	}
	if r.Method != http.MethodPost {
		return a.ask(w, r, page)
	}
	return a.decide(w, r, d, page)
}

// decide carries out the person's decision.
func (a *api) decide(w http.ResponseWriter, r *http.Request, d authorizationRequest, page consent) error {
	body, err := vendorapi.Body(w, r)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		page.status, page.Wrong = http.StatusBadRequest, "The form cannot be read. Send it again."
		return a.ask(w, r, page)
	}
	page.Tenant = strings.TrimSpace(form.Get("tenant"))
	cookie, err := r.Cookie(formCookie)
	if err != nil || cookie.Value == "" || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(form.Get("form"))) != 1 {
		page.status, page.Wrong = http.StatusForbidden, "The form is not one that this page showed in this browser. Send it again."
		return a.ask(w, r, page)
	}
	switch form.Get("decision") {
	case "deny":
		d.fail(w, "access_denied", "The person has denied it.")
		return nil
	case "allow":
	default:
		page.status, page.Wrong = http.StatusBadRequest, "Choose Allow or Deny."
		return a.ask(w, r, page)
	}
	tenant, key, known := a.Entities.KeyOf(a.Provider.Name, strings.TrimSpace(form.Get("key")))
	if !known || tenant.Name != page.Tenant {
		page.status, page.Wrong = http.StatusBadRequest, fmt.Sprintf("This is not a key of the tenant %.128q.", page.Tenant)
		return a.ask(w, r, page)
	}
	granted := slices.DeleteFunc(slices.Clone(d.scopes), func(scope string) bool { return !key.Allows(scope) })
	if len(granted) == 0 {
		page.status, page.Wrong = http.StatusBadRequest, "The key has none of the scopes. Use another key."
		return a.ask(w, r, page)
	}
	token, err := a.tokens.issue(r.Context(), vendorapi.Base(r), grant{tenant.Name, key.Key, d.client, d.audience, granted})
	if err != nil {
		return err
	}
	d.answer(w, "access_token", token, "token_type", "Bearer", "expires_in", fmt.Sprint(int(lifetime.Seconds())), "scope", strings.Join(granted, " "))
	return nil
}

// recipient reads which client asks and where the answer goes. When that is wrong nothing is sent
// there: the error is for the person.
func (a *api) recipient(ctx context.Context, query url.Values) (authorizationRequest, *vendorapi.Error) {
	d := authorizationRequest{client: query.Get("client_id")}
	if len(query["client_id"]) != 1 || d.client == "" || len(d.client) > 200 {
		return d, vendorapi.Errorf(http.StatusBadRequest, "The link needs one client_id, of at most 200 bytes.")
	}
	text := query.Get("redirect_uri")
	if len(query["redirect_uri"]) != 1 {
		return d, vendorapi.Errorf(http.StatusBadRequest, "The link needs one redirect_uri.")
	}
	u, err := webURL(text)
	switch {
	case err != nil:
		return d, vendorapi.Errorf(http.StatusBadRequest, "The redirect_uri %.200q cannot be used: %v.", text, err)
	case u.User != nil, len(text) > maxEndpoint, !plainHost(u.Hostname()):
		return d, vendorapi.Errorf(http.StatusBadRequest, "The redirect_uri %.200q cannot be used: want scheme, host and path in at most %d bytes.", text, maxEndpoint)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.Reachable(ctx, u.Hostname()); err != nil {
		return d, vendorapi.Errorf(http.StatusBadRequest, "The redirect_uri %.200q leads to where this server sends nobody: %v.", text, err)
	}
	d.redirect = u
	return d, nil
}

// plainHost says whether a host is an address, or a name without characters that mean something in
// a policy.
func plainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return !strings.Contains(host, "%")
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// read reads the rest. It returns an error code of RFC 6749, section 4.2.2.1, for the client.
func (d *authorizationRequest) read(query url.Values, base string) (code, text string) {
	d.state = query.Get("state")
	for _, name := range []string{"response_type", "scope", "state", "audience"} {
		if len(query[name]) > 1 {
			return "invalid_request", name + " is there more than once."
		}
	}
	d.audience = cmp.Or(query.Get("audience"), audience)
	switch response := query.Get("response_type"); {
	case response == "":
		return "invalid_request", "response_type is missing: want token."
	case response != "token":
		return "unsupported_response_type", fmt.Sprintf("response_type %.40q: want token.", response)
	case !serves(d.audience, []string{base}):
		return "invalid_request", fmt.Sprintf("audience %.200q: want %s.", d.audience, audience)
	}
	asked := strings.Fields(query.Get("scope"))
	for _, s := range scopes() {
		if len(asked) == 0 || slices.Contains(asked, s.Name) {
			d.scopes = append(d.scopes, s.Name)
		}
	}
	for _, name := range asked {
		if !slices.Contains(d.scopes, name) {
			return "invalid_scope", fmt.Sprintf("There is no scope %.80q.", name)
		}
	}
	return "", ""
}

func (d *authorizationRequest) fail(w http.ResponseWriter, code, text string) {
	d.answer(w, "error", code, "error_description", strings.Map(quotable, text))
}

// answer sends the browser back to the client. The names and values, and the state, are in the
// fragment.
func (d *authorizationRequest) answer(w http.ResponseWriter, pairs ...string) {
	if d.state != "" {
		pairs = append(pairs, "state", d.state)
	}
	var fragment strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			fragment.WriteByte('&')
		}
		fragment.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	private(w)
	w.Header().Set("Location", d.redirect.String()+"#"+fragment.String())
	w.WriteHeader(http.StatusSeeOther)
}

// private keeps a response out of caches and its address out of Referer lines.
func private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
}

// formCookie contains the secret that a form must send, which the page of no other site knows.
const formCookie = "neostore_form"

// ask shows the page.
func (a *api) ask(w http.ResponseWriter, r *http.Request, page consent) error {
	if demo, err := a.Entities.Tenant(a.Provider.Name, a.Provider.Tenant); err == nil && demo.Demo &&
		slices.ContainsFunc(demo.Keys, func(k entities.Key) bool { return k.Key == entities.DemoKey }) {
		page.Demo = demo.Name
	}
	page.Tenant = cmp.Or(page.Tenant, page.Demo)
	page.Nonce = secret()
	if page.Refused == "" {
		page.Form = secret()
		if cookie, err := r.Cookie(formCookie); err == nil && len(cookie.Value) == len(page.Form) {
			page.Form = cookie.Value // so that two pages in one browser both work
		}
		http.SetCookie(w, &http.Cookie{
			Name: formCookie, Value: page.Form, Path: vendorapi.Prefix(r) + "/authorize",
			HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
	}
	private(w)
	// with none, a form would come from the origin null
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Frame-Options", "DENY")
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(
		"default-src 'none'; style-src 'nonce-%s'; form-action %s; base-uri 'none'; frame-ancestors 'none'", page.Nonce, page.actions()))
	w.WriteHeader(page.status)
	return a.page.Execute(w, page)
}

// actions returns where the form may lead: to this server, and from here to the client.
func (c *consent) actions() string {
	switch {
	case c.redirect == nil:
		return "'none'"
	case strings.Contains(c.redirect.Host, "["):
		return "'self' " + c.redirect.Scheme + ":" // a policy cannot name an IPv6 address
	}
	return "'self' " + c.redirect.Scheme + "://" + c.redirect.Host
}

// secret returns a random text of 43 characters.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
