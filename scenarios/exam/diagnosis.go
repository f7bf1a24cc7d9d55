package exam

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// diagnosis says in one line why a good delivery is not accepted.
func (e *Exam) diagnosis(a *attempt) string {
	switch {
	case a.lost():
		return e.lostDiagnosis(a.detail)
	case a.status() == 0:
		why := fmt.Sprintf("a good delivery to %s got no response: %s", e.consumer.URL, a.detail)
		if strings.HasPrefix(e.consumer.URL, "http://") && (strings.Contains(a.detail, "reset") || strings.Contains(a.detail, "closed")) {
			why += "; if TLS is spoken there, write https://"
		}
		return why
	}
	url, why, verb := e.consumer.URL, e.statusDiagnosis(a), ""
	switch status := a.status(); {
	case status/100 == 3:
		return fmt.Sprintf("%s answers %d with Location %q: %s", url, status, location(a), why)
	case status == http.StatusTooManyRequests:
		return fmt.Sprintf("%s answers %d: %s", url, status, why)
	case why == e.secretDiagnosis():
		verb = "refuses every good delivery with " + a.String()
	default:
		verb = "answers " + a.String() + " to good deliveries"
	}
	return fmt.Sprintf("%s %s: %s%s", url, verb, why, e.tried())
}

// location returns where a redirect leads to.
func location(a *attempt) string {
	if a.exchange.Response == nil {
		return ""
	}
	return a.exchange.Response.Headers.Get("Location")
}

// lostDiagnosis says why a request could not be sent.
func (e *Exam) lostDiagnosis(detail string) string {
	url := e.consumer.URL
	switch {
	case strings.Contains(detail, "the response is not TLS"):
		return fmt.Sprintf("%s answers without TLS: write http:// in the URL", url)
	case strings.Contains(detail, "TLS: certificate"):
		_, why, _ := strings.Cut(detail, "TLS: ")
		return fmt.Sprintf("the certificate of %s is not accepted: %s", url, why)
	case strings.Contains(detail, "TLS: "):
		_, why, _ := strings.Cut(detail, "TLS: ")
		return fmt.Sprintf("no TLS connection to %s: %s", url, why)
	case strings.Contains(detail, "no such host"), strings.Contains(detail, "the name server did not answer"):
		return fmt.Sprintf("the host of %s has no address: correct the URL (%s)", url, detail)
	case strings.Contains(detail, "connection refused"):
		return fmt.Sprintf("nothing listens at %s: start the consumer, or correct the URL (%s)", url, detail)
	}
	return fmt.Sprintf("no connection to %s: start the consumer, or correct the URL (%s)", url, detail)
}

// statusDiagnosis says what a status that is not 2xx probably means.
func (e *Exam) statusDiagnosis(a *attempt) string {
	delivery := &e.provider.Delivery
	switch status := a.status(); status {
	case http.StatusNotFound, http.StatusGone:
		return "the path is probably wrong; some consumers answer so to a wrong signature: " + e.secretDiagnosis()
	case http.StatusMethodNotAllowed:
		return fmt.Sprintf("it does not take %s; the path is probably wrong", delivery.Method)
	case http.StatusConflict:
		return "it has this event already, or its state does not allow it: empty its database, leave --seed out, or choose another --event"
	case http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("its limit for bodies is too small: it must be above the %d bytes of this event", len(a.exchange.Request.Body))
	case http.StatusUnsupportedMediaType:
		return fmt.Sprintf("it does not take the Content-Type %q, which %s sends", a.exchange.Request.Headers.Get("Content-Type"), e.provider.Name)
	case http.StatusUnprocessableEntity:
		return fmt.Sprintf("it does not take the content of %s: correct what it expects, or choose another --event; if it answers so to a wrong signature, %s", e.event, e.secretDiagnosis())
	case http.StatusTooManyRequests:
		return "it limits the rate, so that nothing can be graded"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "a proxy in front of it probably does not reach it: start the consumer"
	case http.StatusBadRequest:
		if r := a.exchange.Response; r != nil && strings.HasPrefix(e.consumer.URL, "http://") && refusesHTTP(r.Body) {
			return "TLS is spoken there: write https:// in the URL"
		}
	default:
		switch status / 100 {
		case 3:
			return "providers do not follow redirects, so give the URL that it leads to"
		case 5:
			return "its log says why; if it fails at a wrong signature, " + e.secretDiagnosis()
		}
	}
	return e.secretDiagnosis()
}

// refusesHTTP reports whether a response says that a server with TLS got a request without: as Go,
// nginx and Apache do.
func refusesHTTP(body []byte) bool {
	body = bytes.ToLower(body)
	return bytes.Contains(body, []byte("http request")) && bytes.Contains(body, []byte("https")) ||
		bytes.Contains(body, []byte("plain http")) && bytes.Contains(body, []byte("ssl"))
}

// secretDiagnosis says what a consumer that refuses a good signature probably lacks.
func (e *Exam) secretDiagnosis() string {
	switch {
	case len(e.provider.Signing.Signatures) == 0:
		return fmt.Sprintf("it wants something that %s does not send: its requests have no signature", e.provider.Name)
	case e.consumer.Secret == "":
		return "give the secret that it verifies with: --secret"
	}
	return "the secret is probably wrong, or the consumer does not check the signature over the raw body"
}

// tried names the options of the provider that were tried.
func (e *Exam) tried() string {
	var names []string
	for _, s := range e.settings() {
		names = append(names, s.Name+"="+s.Value)
	}
	if len(names) == 0 {
		return ""
	}
	return " (tried also with " + strings.Join(names[:min(len(names), mostTries)], ", ") + ")"
}
