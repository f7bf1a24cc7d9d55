package burst

import (
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// BenchmarkRequest is what one event costs before it is written: rendered, signed, laid out as
// bytes.
func BenchmarkRequest(b *testing.B) {
	for _, name := range []string{"neostore", "subscribfy", "ethpass"} {
		b.Run(name, func(b *testing.B) {
			p, err := fixtures.Builtin().Provider(name)
			if err != nil {
				b.Fatal(err)
			}
			plan := Plan{Parts: []Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{"http://127.0.0.1:8081/bin"}, Seed: 7, Count: 1}
			if err := plan.check(); err != nil {
				b.Fatal(err)
			}
			l, err := newLoad(&plan)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var size int
			var r request
			i := uint64(0)
			for b.Loop() {
				it := l.item(i, 0)
				if err := l.prepare(&r, it, l.slot(it)); err != nil {
					b.Fatal(err)
				}
				size += len(r.raw)
				i++
			}
			b.SetBytes(int64(size) / int64(i))
		})
	}
}
