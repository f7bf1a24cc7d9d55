package burst

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// planFile is a Plan as JSON. Providers are there by name.
type planFile struct {
	Parts       []partFile     `json:"parts,omitempty"`
	Recording   *recordingFile `json:"recording,omitempty"`
	URLs        []string       `json:"urls"`
	Shape       Shape          `json:"shape"`
	Count       uint64         `json:"count,omitempty"`
	Duration    time.Duration  `json:"duration_ns,omitempty"`
	WarmUp      time.Duration  `json:"warm_up_ns,omitempty"`
	Connections int            `json:"connections,omitempty"`
	Reconnect   bool           `json:"reconnect,omitempty"`
	Overload    Overload       `json:"overload"`
	Faults      []FaultShare   `json:"faults,omitempty"`
	Thresholds  []Threshold    `json:"thresholds,omitempty"`
	Seed        uint64         `json:"seed"`
	Only        []uint32       `json:"only,omitempty"`
	Shard       Shard          `json:"shard"`
	Timeout     time.Duration  `json:"timeout_ns,omitempty"`
	// Sample is the digest of the first events: another version of a provider has another one.
	Sample string `json:"sample,omitempty"`
}

type partFile struct {
	Provider   string             `json:"provider"`
	Settings   []string           `json:"settings,omitempty"` // PROVIDER.NAME=VALUE
	Secret     string             `json:"secret,omitempty"`
	Weight     float64            `json:"weight,omitempty"`
	Events     []string           `json:"events,omitempty"`
	Journeys   []string           `json:"journeys,omitempty"`
	Population int                `json:"population,omitempty"`
	Tenant     string             `json:"tenant,omitempty"`
	Start      time.Time          `json:"start,omitzero"`
	SameTime   bool               `json:"same_time,omitempty"`
	Set        []fixtures.Setting `json:"set,omitempty"`
}

type recordingFile struct {
	To       string            `json:"to"`
	Change   replay.Change     `json:"change"` // without Resign
	Resign   *resignFile       `json:"resign,omitempty"`
	Captures []journal.Capture `json:"captures"` // what is needed of them
	Raw      [][]byte          `json:"raw,omitempty"`
	Bodies   []int             `json:"bodies,omitempty"` // the size of the body at the end of each Raw
}

type resignFile struct {
	Provider string   `json:"provider"`
	Settings []string `json:"settings,omitempty"`
	Secrets  []string `json:"secrets"`
	URL      string   `json:"url,omitempty"`
	ID       string   `json:"id,omitempty"`
}

// EncodePlan returns a plan as JSON, for DecodePlan on another machine. It has the secrets. It has
// no Dial, Trust and Start, which are those of the machine that sends.
func EncodePlan(p Plan) ([]byte, error) {
	f := planFile{
		URLs: p.URLs, Shape: p.Shape, Count: p.Count, Duration: p.Duration, WarmUp: p.WarmUp, Connections: p.Connections, Reconnect: p.Reconnect,
		Overload: p.Overload, Faults: p.Faults, Thresholds: p.Thresholds, Seed: p.Seed, Only: p.Only, Shard: p.Shard, Timeout: p.Timeout,
	}
	for _, t := range p.Parts {
		o := t.Options
		f.Parts = append(f.Parts, partFile{
			t.Provider.Name, settings(t.Provider), t.Secret, t.Weight, t.Events, t.Journeys, t.Population, o.Tenant, o.Start, o.SameTime, o.Set,
		})
	}
	if r := p.Recording; r != nil {
		f.Recording = &recordingFile{To: r.to, Change: r.change, Raw: r.raw}
		if s := r.change.Resign; s != nil {
			f.Recording.Change.Resign = nil
			f.Recording.Resign = &resignFile{s.Provider.Name, settings(s.Provider), s.Secrets, s.URL, s.ID}
		}
		for i := range r.captures {
			c := journal.Capture{At: r.captures[i].At}
			if r.raw == nil {
				c.Bin, c.Message = r.captures[i].Bin, r.captures[i].Message
			} else {
				f.Recording.Bodies = append(f.Recording.Bodies, len(r.captures[i].Body))
			}
			f.Recording.Captures = append(f.Recording.Captures, c)
		}
	}
	var err error
	if f.Sample, err = fingerprint(p); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// DecodePlan reads what EncodePlan returned. Providers are taken from known, with the options that
// they had. It returns ErrPlan for a provider that known lacks or has in another version, so that
// it would send other events.
func DecodePlan(data []byte, known *fixtures.Catalogue) (Plan, error) {
	var f planFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Plan{}, fmt.Errorf("%w: %w", ErrPlan, err)
	}
	p := Plan{
		URLs: f.URLs, Shape: f.Shape, Count: f.Count, Duration: f.Duration, WarmUp: f.WarmUp, Connections: f.Connections, Reconnect: f.Reconnect,
		Overload: f.Overload, Faults: f.Faults, Thresholds: f.Thresholds, Seed: f.Seed, Only: f.Only, Shard: f.Shard, Timeout: f.Timeout,
	}
	for _, t := range f.Parts {
		provider, err := providerOf(known, t.Provider, t.Settings)
		if err != nil {
			return Plan{}, err
		}
		p.Parts = append(p.Parts, Part{
			Provider: provider, Secret: t.Secret, Weight: t.Weight, Events: t.Events, Journeys: t.Journeys, Population: t.Population,
			Options: fixtures.RenderOptions{Tenant: t.Tenant, Start: t.Start, SameTime: t.SameTime, Set: t.Set},
		})
	}
	if f.Recording != nil {
		r, err := f.Recording.recording(known)
		if err != nil {
			return Plan{}, err
		}
		p.Recording = r
	}
	ours, err := fingerprint(p)
	if err != nil {
		return Plan{}, err
	}
	if ours != f.Sample {
		return Plan{}, fmt.Errorf("%w: this machine would send other events: want the same version of hookrig, and of the providers, on all machines", ErrPlan)
	}
	return p, nil
}

func (f *recordingFile) recording(known *fixtures.Catalogue) (*Recording, error) {
	if len(f.Captures) == 0 || f.Raw != nil && len(f.Raw) != len(f.Captures) || len(f.Bodies) != len(f.Raw) {
		return nil, fmt.Errorf("%w: a recording of %d requests, %d texts and %d bodies", ErrPlan, len(f.Captures), len(f.Raw), len(f.Bodies))
	}
	r := &Recording{to: f.To, change: f.Change, raw: f.Raw, captures: f.Captures}
	if s := f.Resign; s != nil {
		provider, err := providerOf(known, s.Provider, s.Settings)
		if err != nil {
			return nil, err
		}
		r.change.Resign = &replay.Resign{Provider: provider, Secrets: s.Secrets, URL: s.URL, ID: s.ID}
	}
	for i, raw := range r.raw {
		if f.Bodies[i] < 0 || f.Bodies[i] > len(raw) {
			return nil, fmt.Errorf("%w: a recorded body of %d of %d bytes", ErrPlan, f.Bodies[i], len(raw))
		}
		r.captures[i].Message = wire.Message{Body: raw[len(raw)-f.Bodies[i]:]}
	}
	return r, nil
}

// settings returns the options of a provider that are not the default.
func settings(p *fixtures.Provider) (list []string) {
	for _, s := range p.Settings() {
		list = append(list, s.String())
	}
	return list
}

// providerOf returns a provider with the options set.
func providerOf(known *fixtures.Catalogue, name string, settings []string) (*fixtures.Provider, error) {
	var list []fixtures.OptionSetting
	for _, text := range settings {
		s, err := fixtures.ParseOption(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPlan, err)
		}
		list = append(list, s)
	}
	known, err := known.With(list...)
	if err == nil {
		var p *fixtures.Provider
		if p, err = known.Provider(name); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrPlan, err)
}

// sampled is how many events a sample has.
const sampled = 16

// fingerprint returns the digest of the first events of a plan; "" for a recording.
func fingerprint(p Plan) (string, error) {
	if err := p.complete(); err != nil {
		return "", err
	}
	p.Shard = Shard{}
	l, err := newLoad(&p)
	if err != nil || p.Recording != nil {
		return "", err
	}
	h := sha256.New()
	for i := range uint64(sampled) {
		it := l.item(i, 0)
		s := l.slot(it)
		var r *eventRenderer
		if s == nil {
			if r, err = l.parts[it.part].newRenderer(); err != nil {
				return "", err
			}
		}
		e, err := l.eventOf(it, s, r)
		if err != nil {
			return "", err
		}
		h.Write(e.Body)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
