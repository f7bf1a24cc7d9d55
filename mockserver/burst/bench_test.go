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
			plan := Plan{Provider: p, URL: "http://127.0.0.1:8081/bin", Secret: "s3cret", Seed: 7, Count: 1}
			names, err := plan.check()
			if err != nil {
				b.Fatal(err)
			}
			m, err := newRequestBuilder(&plan, names)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var size int
			i := uint64(0)
			for b.Loop() {
				raw, err := m.request(i)
				if err != nil {
					b.Fatal(err)
				}
				size += len(raw)
				i++
			}
			b.SetBytes(int64(size) / int64(i))
		})
	}
}
