package exam

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
)

// mostTries is the largest number of good deliveries with other options and other events.
const mostTries = 12

// preflight finds out whether the consumer can be checked, and what a good delivery changes.
func (e *Exam) preflight(ctx context.Context) error {
	if err := e.meter.begin(ctx); err != nil {
		return err
	}
	first, err := e.deliver(ctx)
	if err != nil {
		return err
	}
	if e.consumer.Seed != 0 && first.status() >= 400 && !known(first.status()) {
		why := fmt.Sprintf("the consumer answers %s to a good delivery", &first)
		if err := e.reseed(ctx, why, func(a attempt) (bool, error) { return a.accepted(), nil }); err != nil {
			return err
		}
	}
	if !e.fresh && !first.accepted() && !first.lost() && first.status() != 0 {
		if err := e.tryOthers(ctx, &first); err != nil {
			return err
		}
	}
	if !e.fresh {
		e.problem = e.diagnosis(&first)
		return nil
	}
	return e.calibrate(ctx)
}

// tryOthers looks for an option of the provider, and for an event, with which the consumer accepts
// a good delivery. It sets what it finds.
func (e *Exam) tryOthers(ctx context.Context, first *attempt) error {
	tries := 0
	// Any 4xx and 5xx may be how the consumer answers a signature that it does not understand.
	if first.status() >= 400 && first.status() != http.StatusTooManyRequests {
		for _, setting := range e.settings() {
			if tries++; tries > mostTries {
				break
			}
			if ok, err := e.tryOption(ctx, setting); ok || err != nil {
				return err
			}
		}
	}
	if e.consumer.Event != "" {
		return nil
	}
	refused := e.event
	for _, event := range firstEvents(e.provider) {
		if tries++; event == refused || tries > mostTries {
			continue
		}
		e.event = event
		a, err := e.deliver(ctx)
		if err != nil {
			return err
		}
		if a.accepted() {
			e.notes = append(e.notes, fmt.Sprintf("the consumer answers %s with %s, so the checks deliver %s: --event chooses another", refused, first, event))
			return nil
		}
	}
	e.event = refused
	return nil
}

// settings returns the options of the provider, with those of their other values that change a good
// delivery.
func (e *Exam) settings() []fixtures.OptionSetting {
	var list []fixtures.OptionSetting
	for _, o := range e.provider.Options {
		for _, value := range o.Values {
			setting := fixtures.OptionSetting{Provider: e.provider.Name, Name: o.Name, Value: value}
			if value != o.Value && e.changes(setting) {
				list = append(list, setting)
			}
		}
	}
	return list
}

// changes reports whether an option changes what a good delivery sends.
func (e *Exam) changes(setting fixtures.OptionSetting) bool {
	catalogue, err := e.catalogue.With(setting)
	if err != nil {
		return false
	}
	p, err := catalogue.Provider(setting.Provider)
	if err != nil {
		return false
	}
	draw := fixtures.Draw{Seed: e.seed, Stream: "exam/option"}
	before, err := e.provider.Render(draw, e.event, fixtures.RenderOptions{})
	if err != nil {
		return true
	}
	after, err := p.Render(draw, e.event, fixtures.RenderOptions{})
	return err != nil || !bytes.Equal(before.Body, after.Body) || !slices.Equal(before.Headers, after.Headers) ||
		!reflect.DeepEqual(p.Signing, e.provider.Signing) || !slices.Equal(p.Delivery.Headers, e.provider.Delivery.Headers) || p.Delivery.Method != e.provider.Delivery.Method
}

// tryOption makes a good delivery with an option of the provider. When the consumer accepts it, the
// exam goes on with the option.
func (e *Exam) tryOption(ctx context.Context, setting fixtures.OptionSetting) (bool, error) {
	catalogue, err := e.catalogue.With(setting)
	if err != nil {
		return false, err
	}
	client, err := e.serve(ctx, catalogue)
	if err != nil {
		return false, err
	}
	before := *e
	e.client, e.catalogue = client, catalogue
	if e.provider, err = catalogue.Provider(setting.Provider); err != nil {
		return false, err
	}
	a, err := e.deliver(ctx)
	if err == nil && a.accepted() {
		e.option = setting.Name + "=" + setting.Value
		e.notes = append(e.notes, fmt.Sprintf("the consumer accepts with --option %s, which no document rules out: the checks use it", setting))
		return true, nil
	}
	e.client, e.catalogue, e.provider = before.client, before.catalogue, before.provider
	return false, err
}

// known reports whether a status says what is wrong with a good delivery, so that it is no
// duplicate.
func known(status int) bool {
	return slices.Contains([]int{401, 403, 404, 405, 410, 429}, status)
}

// calibrate measures what a new subscription and a good delivery change. A consumer that does
// nothing with the first good delivery may have had it before.
func (e *Exam) calibrate(ctx context.Context) error {
	if err := e.measure(ctx); err != nil || !e.meter.still || e.consumer.Seed == 0 {
		return err
	}
	return e.reseed(ctx, "the consumer accepts a good delivery and does nothing", func(a attempt) (bool, error) {
		if !a.accepted() {
			return false, nil
		}
		e.meter.problem = ""
		err := e.measure(ctx)
		return !e.meter.still, err
	})
}

// measure is calibrate for one seed.
func (e *Exam) measure(ctx context.Context) error {
	greet := func() error {
		only := *e.good
		only.Steps = only.Steps[:1]
		_, err := e.run(ctx, &only, e.seed)
		return err
	}
	return e.meter.calibrate(ctx, e.provider.Handshake != nil && e.provider.Handshake.Event != "", greet, func() (bool, error) {
		a, err := e.deliver(ctx)
		return a.accepted(), err
	})
}
