package people

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/brianvoe/gofakeit/v7/data"
)

// What is drawn, and the random numbers that this takes, are gofakeit's. Its user agents of Firefox
// contain a day up to the current year, so they are compared without it.
func TestDrawsWhatGofakeitDraws(t *testing.T) {
	for _, c := range []struct {
		name string
		ours func(*Generator) string
		want func(*gofakeit.Faker) string
	}{
		{"Company", (*Generator).Company, (*gofakeit.Faker).Company},
		{"Color", (*Generator).Color, (*gofakeit.Faker).Color},
		{"Word", (*Generator).Word, (*gofakeit.Faker).LoremIpsumWord},
		{"Product", (*Generator).Product, (*gofakeit.Faker).ProductName},
		{"IPv4", (*Generator).IPv4, (*gofakeit.Faker).IPv4Address},
		{"UserAgent", (*Generator).UserAgent, (*gofakeit.Faker).UserAgent},
		{"first name", func(m *Generator) string { return m.pick(data.Person["first"]) }, (*gofakeit.Faker).FirstName},
		{"last name", func(m *Generator) string { return m.pick(data.Person["last"]) }, (*gofakeit.Faker).LastName},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := map[string]bool{}
			for seed := range uint64(5000) {
				source := rand.NewPCG(seed, 1)
				want := c.want(gofakeit.NewFaker(source, false))
				m := generator(0)
				ours := rand.NewPCG(seed, 1)
				m.Rand = rand.New(ours)
				got := c.ours(m)
				if withoutDay(got) != withoutDay(want) || ours.Uint64() != source.Uint64() {
					t.Fatalf("seed %d: %q, want %q, and the same random numbers after it", seed, got, want)
				}
				seen[got] = true
			}
			if len(seen) < 30 {
				t.Errorf("only %d different texts", len(seen))
			}
		})
	}
}

func withoutDay(agent string) string {
	before, after, found := strings.Cut(agent, "Gecko/")
	if !found {
		return agent
	}
	_, after, _ = strings.Cut(after, " ")
	return before + after
}
