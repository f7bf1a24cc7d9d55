package burst

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
)

// sent returns the bodies that a plan sends, by index, without sending them. The events of other
// shards are nil.
func sent(t testing.TB, p Plan) map[uint64]string {
	t.Helper()
	if err := p.complete(); err != nil {
		t.Fatal(err)
	}
	l, err := newLoad(&p)
	if err != nil {
		t.Fatal(err)
	}
	s := newSchedule(&p)
	s.mine = l.mine
	bodies, r := map[uint64]string{}, request{}
	for {
		i, due, ok := s.take(0)
		if !ok {
			break
		}
		it := l.item(i, due)
		if err := l.prepare(&r, it, l.slot(it)); err != nil {
			t.Fatal(err)
		}
		body := r.message.Body
		if p.Recording != nil {
			body = r.raw
		}
		bodies[i] = fmt.Sprintf("%v %d %v %x", due, r.copies, r.dropped, sha256.Sum256(body))
	}
	if n, known := l.ofShard(); known && n != uint64(len(bodies)) {
		t.Errorf("shard %+v sends %d events, and says %d", p.Shard, len(bodies), n)
	}
	return bodies
}

// checkShards checks that the shards of a plan together send what the whole burst sends, each event
// by one of them.
func checkShards(t testing.TB, p Plan, of int) {
	t.Helper()
	whole, union := sent(t, p), map[uint64]string{}
	for k := range of {
		p.Shard = Shard{k, of}
		for i, body := range sent(t, p) {
			if _, twice := union[i]; twice {
				t.Errorf("event %d belongs to two of %d shards", i, of)
			}
			union[i] = body
		}
	}
	if len(whole) == 0 || !cmp.Equal(whole, union) {
		t.Errorf("%d shards: %s", of, cmp.Diff(whole, union))
	}
}

// The shards of a burst send the same bytes at the same times as the whole burst, for all
// providers, events and journeys.
func TestShardsSendWhatTheWholeSends(t *testing.T) {
	for _, provider := range fixtures.Builtin().Providers() {
		for _, journeys := range []bool{true, false} {
			p := Plan{Parts: []Part{{Provider: provider, Secret: provider.MintSecret(fixtures.Draw{Seed: 1})}}, URLs: []string{"http://127.0.0.1:1/a", "http://127.0.0.1:1/b"}, Seed: 5, Count: 150}
			if !journeys {
				for _, e := range provider.Events {
					p.Parts[0].Events = append(p.Parts[0].Events, e.Name)
				}
			}
			for _, of := range []int{2, 3, 4, 16} {
				checkShards(t, p, of)
			}
		}
	}
}

// Mixes, populations, faults, shapes and lists of indexes are shared in any number of parts.
func TestShardsOfAnyPlan(t *testing.T) {
	providers := fixtures.Builtin().Providers()
	rapid.Check(t, func(r *rapid.T) {
		p := Plan{
			URLs: []string{"http://127.0.0.1:1/a"}, Seed: rapid.Uint64().Draw(r, "seed"),
			Count: rapid.Uint64Range(1, 300).Draw(r, "count"), Connections: rapid.IntRange(20, 60).Draw(r, "connections"),
		}
		for i := range rapid.IntRange(1, 3).Draw(r, "parts") {
			provider := rapid.SampledFrom(providers).Draw(r, "provider")
			part := Part{
				Provider: provider, Secret: provider.MintSecret(fixtures.Draw{Seed: uint64(i)}),
				Weight: float64(rapid.IntRange(1, 5).Draw(r, "weight")), Population: rapid.IntRange(0, 90).Draw(r, "population"),
			}
			if rapid.Bool().Draw(r, "events") {
				for _, e := range provider.Events[:1] {
					part.Events = append(part.Events, e.Name)
				}
			}
			p.Parts = append(p.Parts, part)
		}
		if text := rapid.SampledFrom([]string{"", "500", "ramp(0,300,1s) hold(300,1s)", "poisson(200,1s)"}).Draw(r, "shape"); text != "" {
			shape, err := ParseShape(text)
			if err != nil {
				r.Fatal(err)
			}
			p.Shape = shape
		}
		if rapid.Bool().Draw(r, "faults") {
			p.Faults = []FaultShare{{"signature:missing", 0.1}, {"duplicate", 0.1}, {"drop", 0.1}}
			if p.Parts[0].Events == nil && len(p.Parts[0].Provider.Journeys) > 0 {
				p.Faults = append(p.Faults, FaultShare{"reorder", 0.2})
			}
		}
		checkShards(t, p, rapid.IntRange(2, 9).Draw(r, "shards"))
	})
}

func TestShardsOfARecording(t *testing.T) {
	p := Plan{URLs: []string{"http://127.0.0.1:1"}, Count: 31, Recording: record(t, "http://127.0.0.1:1", replay.Change{}, "a", "b", "c", "d", "e")}
	for _, of := range []int{2, 3, 5} {
		checkShards(t, p, of)
	}
	p.Shape, p.Count = shape(t, "recorded"), 0
	checkShards(t, p, 4)
}

// The shards of a burst are merged: the set of bytes that arrives is that of the whole burst, the
// accounting is exact, and the percentiles are those of all samples.
func TestMerge(t *testing.T) {
	c, whole := newConsumer(t, ok), newConsumer(t, ok)
	p := plan(t, "neostore", c.URL)
	p.Count, p.Connections = 1000, 8
	p.Faults = []FaultShare{{"signature:missing", 0.05}, {"duplicate", 0.05}}
	of, err := NewShards(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	var reports []*Report
	for k := range 4 {
		p.Shard = Shard{k, 4}
		var backup *Backup
		var chunks []Chunk
		var points []SeriesPoint
		r, err := Run(t.Context(), p, func(now Progress) error {
			backup = now.Backup()
			chunks = append(chunks, backup.Changes()...)
			_, changed, err := backup.State()
			points = append(points, changed...)
			return err
		})
		if err != nil || r.Sent != r.Intended || r.Connections != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		state, changed, err := backup.State()
		if err != nil {
			t.Fatal(err)
		}
		again, err := of.Read(state, append(chunks, backup.Changes()...), append(points, changed...))
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(again.Histograms, r.Histograms) || again.Intended != r.Intended || again.Sent != r.Sent || !cmp.Equal(again.Series, r.Series) {
			t.Errorf("%+v was read as %+v", r, again)
		}
		reports = append(reports, again)
	}
	merged, err := Merge(reports...)
	if err != nil || merged.Sent != 1000 || merged.Intended != 1000 || merged.Connections != 8 {
		t.Fatalf("%+v, %v", merged, err)
	}
	if err := merged.Reconcile(c.all()); err != nil || !merged.OK() || merged.Accounting.Captured != 1000 {
		t.Errorf("%+v, %v", merged.Accounting, err)
	}
	n := uint64(0)
	for _, point := range merged.Series {
		n += point.Sent
	}
	if n != 1000 {
		t.Errorf("the series has %d events", n)
	}
	p.Shard, p.URLs = Shard{}, []string{whole.URL}
	if _, err := Run(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	if one, four := bodies(whole), bodies(c); !slices.EqualFunc(one, four, bytes.Equal) {
		t.Errorf("one process sent %d bodies and four shards %d, or others", len(one), len(four))
	}

	c.captures = slices.DeleteFunc(c.captures, func(got journal.Capture) bool { return bytes.Equal(got.Body, c.captures[0].Body) })
	if err := merged.Reconcile(c.all()); err != nil || merged.Accounting.Lost > 1 {
		t.Errorf("%+v, %v", merged.Accounting, err)
	}
	// without a shard
	some, err := Merge(reports[0], reports[2])
	if err != nil || some.Intended != 1000 || some.OK() || some.Sent > 600 {
		t.Errorf("%+v, %v", some, err)
	}
	if _, err := Merge(reports[0], reports[0]); err == nil {
		t.Error("a shard was merged twice")
	}
}

func bodies(c *consumer) [][]byte {
	var list [][]byte
	for _, got := range c.captures {
		list = append(list, got.Body)
	}
	slices.SortFunc(list, bytes.Compare)
	return list
}

// The percentiles of merged histograms are those of the pooled samples, within their precision, in
// the whole and in each second.
func TestMergedPercentiles(t *testing.T) {
	p := plan(t, "neostore", "http://127.0.0.1:1")
	if err := p.complete(); err != nil {
		t.Fatal(err)
	}
	l, err := newLoad(&p)
	if err != nil {
		t.Fatal(err)
	}
	g := rand.New(rand.NewPCG(1, 2))
	pooled, perSecond := []float64{}, map[int][]float64{}
	var reports []*Report
	for k := range 4 {
		m := newMeasure(l.as(Shard{k, 4}))
		for range 5000 {
			response := int32(math.Exp(g.NormFloat64()*2+7)) * int32(k+1)
			end := time.Duration(g.Int64N(int64(12 * time.Second)))
			m.add(&sample{end: end, lag: 1, service: response, response: response, status: 200, fault: -1, outcome: success})
			pooled = append(pooled, float64(response))
			second := int(end / time.Second)
			perSecond[second] = append(perSecond[second], float64(response))
		}
		reports = append(reports, newReport(l.as(Shard{k, 4}), m, ran{sent: &bitmap{}, acknowledged: &bitmap{}}))
	}
	merged, err := Merge(reports...)
	if err != nil {
		t.Fatal(err)
	}
	near := func(name string, got float64, of []float64, share, precision float64) {
		slices.Sort(of)
		want := of[int(math.Ceil(share*float64(len(of))))-1] / 1000
		if math.Abs(got-want) > precision*want+0.001 {
			t.Errorf("%s is %v ms, and %v of the pooled samples", name, got, want)
		}
	}
	near("p50", merged.Response.P50, pooled, 0.5, 0.001)
	near("p99", merged.Response.P99, pooled, 0.99, 0.001)
	near("p99.9", merged.Response.P999, pooled, 0.999, 0.001)
	near("p99 of successes", merged.SuccessService.P99, pooled, 0.99, 0.001)
	if len(merged.Series) != 12 || merged.Generator.Measured != 20000 {
		t.Errorf("%d points of %d samples", len(merged.Series), merged.Generator.Measured)
	}
	for second, point := range merged.Series {
		if point.Sent != uint64(len(perSecond[second])) {
			t.Errorf("second %d has %d of %d events", second, point.Sent, len(perSecond[second]))
		}
	}
}

// A plan is the same one after it was written and read.
func TestPlanAsJSON(t *testing.T) {
	known := fixtures.Builtin()
	changed, err := known.With(fixtures.OptionSetting{Provider: "neostore", Name: "encoding", Value: "base64"})
	if err != nil {
		t.Fatal(err)
	}
	neostore, _ := changed.Provider("neostore")
	p := Plan{
		Parts: []Part{{Provider: neostore, Secret: "s3cret", Journeys: []string{"pass"}, Options: fixtures.RenderOptions{Tenant: "shop"}}},
		URLs:  []string{"http://127.0.0.1:1/a?b=c"}, Shape: shape(t, "ramp(0,300,1s) hold(300,1s)"), Connections: 9, Seed: 3,
		Faults: []FaultShare{{"signature:missing", 0.1}}, Thresholds: []Threshold{{}}, WarmUp: time.Second, Timeout: 3 * time.Second,
	}
	if p.Thresholds[0], err = ParseThreshold("p99<250ms"); err != nil {
		t.Fatal(err)
	}
	signed := Plan{URLs: p.URLs, Count: 9, Recording: record(t, p.URLs[0], replay.Change{KeepPath: true, Resign: &replay.Resign{Provider: neostore, Secrets: []string{"x"}}}, `{"a":1}`, "two")}
	plain := Plan{URLs: p.URLs, Shape: shape(t, "recorded(2)"), Recording: record(t, p.URLs[0], replay.Change{KeepPath: true}, "one", "two", "")}
	for name, p := range map[string]Plan{"journeys": p, "recording": plain, "recording, signed": signed} {
		data, err := EncodePlan(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodePlan(data, known)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Recording == nil {
			if !cmp.Equal(sent(t, p), sent(t, again)) || again.Parts[0].Provider.Option("encoding") != "base64" || again.Thresholds[0].String() != "p99<250ms" {
				t.Errorf("%s: %+v was read as %+v", name, p, again)
			}
			continue
		}
		for i := range p.Recording.captures {
			was, is := p.Recording.captures[i], again.Recording.captures[i]
			if !was.At.Equal(is.At) || was.Bin != is.Bin || was.Target != is.Target || !bytes.Equal(was.Body, is.Body) {
				t.Errorf("%s: request %d: %+v was read as %+v", name, i, was, is)
			}
		}
		if _, err := again.Recording.request(nil, 1); err != nil || !cmp.Equal(p.Recording.raw, again.Recording.raw) {
			t.Errorf("%s: other bytes, or %v", name, err)
		}
	}
	if _, err := DecodePlan([]byte(`{"parts":[{"provider":"none"}],"urls":["http://127.0.0.1:1"],"count":1}`), known); err == nil {
		t.Error("an unknown provider was read")
	}
	if _, err := DecodePlan([]byte(`{"parts":[{"provider":"neostore"}],"urls":["http://127.0.0.1:1"],"count":1,"sample":"00"}`), known); err == nil {
		t.Error("another version of a provider was read")
	}
}

// A backup has the points of the series that changed. When the step of a long burst doubles, only
// those of the new step count.
func TestBackupOfSeries(t *testing.T) {
	p := plan(t, "neostore", "http://127.0.0.1:1")
	p.Shard = Shard{1, 4}
	if err := p.complete(); err != nil {
		t.Fatal(err)
	}
	l, err := newLoad(&p)
	if err != nil {
		t.Fatal(err)
	}
	b := &burst{load: l, schedule: newSchedule(&p), measure: newMeasure(l), start: time.Now()}
	of, err := NewShards(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	backup := &Backup{burst: b}
	var points []SeriesPoint
	add := func(second int, response int32) {
		b.measure.record([]sample{{end: time.Duration(second) * time.Second, response: response, status: 200, fault: -1, outcome: success}})
	}
	check := func(what string, changes int) {
		t.Helper()
		state, changed, err := backup.State()
		if err != nil || len(changed) != changes {
			t.Errorf("%s: %d points changed, %v; want %d", what, len(changed), err, changes)
		}
		points = append(points, changed...)
		got, err := of.Read(state, nil, points)
		if err != nil {
			t.Fatal(err)
		}
		if want := b.report(time.Hour); !cmp.Equal(got.Series, want.Series) || got.StepSeconds != want.StepSeconds {
			t.Errorf("%s: %s", what, cmp.Diff(want.Series, got.Series))
		}
	}
	check("nothing", 0)
	add(0, 1000)
	add(2, 2000)
	check("three seconds", 3)
	check("no change", 0)
	add(2, 3000)
	check("another sample", 1)
	for second := range 40 {
		add(second, int32(second)*100)
	}
	check("forty seconds", 40)
	add(1, 5000) // which is not measured any more, but counts
	check("a late sample", 1)
	add(maxPoints+3, 700)
	check("an hour", maxPoints/2+2)

	state, _, err := backup.State()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := of.Read(state, nil, []SeriesPoint{{2 * time.Second, 0, []byte("{")}}); err == nil {
		t.Error("a point that is not JSON was read")
	}
	if r, err := of.Read(state, nil, []SeriesPoint{{2 * time.Second, maxPoints, nil}, {2 * time.Second, -1, nil}}); err != nil || len(r.Series) != 0 {
		t.Errorf("points out of place: %v, %v", r, err)
	}
}

// What a shard may have sent after its last sign of life are the events that were due until then.
func TestUncertain(t *testing.T) {
	p := plan(t, "neostore", "http://127.0.0.1:1")
	p.Shape, p.Count = shape(t, "100"), 1000
	of, err := NewShards(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	r := of.Unknown(2)
	for i := range uint64(40) {
		if r.load.mine(i) {
			r.ran.sent.add(i)
		}
	}
	if u, known := r.Uncertain(0.79); !known || u != (Uncertain{10, 42, 78}) {
		t.Errorf("%+v, %v; want the 10 events of 0.4 to 0.8 s", u, known)
	}
	if u, known := r.Uncertain(0.39); !known || u != (Uncertain{}) {
		t.Errorf("%+v, %v; want none", u, known)
	}
	p.Shape = Shape{}
	closed, err := NewShards(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	r = closed.Unknown(1)
	if u, known := r.Uncertain(1); !known || u.Count < 200 || u.Count > 300 || !r.load.mine(u.First) || !r.load.mine(u.Last) || u.Last < 900 {
		t.Errorf("%+v, %v; want the whole shard", u, known)
	}
	all, _ := r.Uncertain(1)
	for i := range uint64(1000) {
		if r.load.mine(i) && i != 500 && (i < 300 || i > 700) {
			r.ran.sent.add(i)
		}
	}
	if u, known := r.Uncertain(1); !known || u.First < 300 || u.Last > 700 || u.Count != all.Count-r.ran.sent.len() {
		t.Errorf("%+v, %v; want those from 300 to 700", u, known)
	}
	for i := range uint64(1000) {
		if r.load.mine(i) {
			r.ran.sent.add(i)
		}
	}
	if u, known := r.Uncertain(1); !known || u != (Uncertain{}) {
		t.Errorf("%+v, %v; want none", u, known)
	}
	p.Count, p.Duration = 0, time.Second
	endless, err := NewShards(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := endless.Unknown(0).Uncertain(1); known {
		t.Error("a burst without rate and count has a bound")
	}
}
