package exam

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

//go:embed good.yaml
var good []byte

// goodDelivery returns the scenario of a good delivery.
func goodDelivery() []byte { return good }

// attempt is what came of a good delivery.
type attempt struct {
	exchange *scenarios.Exchange // nil when there is none
	absent   bool                // nothing listens there
	detail   string              // why there is no response
}

// attempted returns the attempt of a run of a good delivery.
func attempted(report *scenarios.Report, err error) attempt {
	a := attempt{absent: errors.Is(err, scenarios.ErrNoConsumer)}
	if err != nil {
		a.detail = err.Error()
	}
	for i := range report.Steps {
		s := &report.Steps[i]
		if s.Verb != "deliver" || len(s.Exchanges) == 0 {
			continue
		}
		a.exchange = &s.Exchanges[len(s.Exchanges)-1]
		if a.exchange.Status == 0 {
			a.detail = a.exchange.Reason
		}
	}
	return a
}

func (a *attempt) status() int {
	if a.exchange == nil {
		return 0
	}
	return a.exchange.Status
}

func (a *attempt) accepted() bool { return a.status()/100 == 2 }

// lost reports whether the request was not sent, because nothing listens there.
func (a *attempt) lost() bool {
	return a.absent || a.exchange != nil && a.exchange.Outcome == mockserver.NotSent
}

// String says what the consumer answered to the good delivery.
func (a *attempt) String() string {
	if a.status() == 0 {
		return a.detail
	}
	text := fmt.Sprint(a.status())
	if r := a.exchange.Response; r != nil {
		if body := strings.TrimSpace(string(r.Body)); body != "" {
			text += fmt.Sprintf(" (%q)", short(body))
		}
	}
	return text
}

// short returns the beginning of a text.
func short(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if letters := []rune(text); len(letters) > 120 {
		return string(letters[:120]) + "…"
	}
	return text
}
