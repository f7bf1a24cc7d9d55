package capture

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// The newest deliveries are remembered exactly, after any number of others, and the memory is
// bounded.
func TestPositionsRememberTheNewest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const remembered = 4
		b := newPositions()
		b.remembered = remembered
		sequence := map[byte]uint64{}
		var recent []byte // distinct ones, newest last
		for _, id := range rapid.SliceOfN(rapid.ByteRange(0, 12), 1, 200).Draw(t, "deliveries") {
			at := -1
			for i, r := range recent {
				if r == id {
					at = i
				}
			}
			got := b.next(analysis.DeliveryKey{id})
			if at >= 0 && len(recent)-at <= remembered && got != sequence[id] {
				t.Fatalf("delivery %d: turn %d, want %d", id, got, sequence[id])
			}
			if at >= 0 {
				recent = append(recent[:at], recent[at+1:]...)
			}
			recent = append(recent, id)
			sequence[id] = got + 1
			if len(b.young)+len(b.old) > 2*remembered {
				t.Fatalf("%d + %d deliveries remembered", len(b.young), len(b.old))
			}
		}
	})
}

// Each position is taken once in each round, however many requests take one at the same time.
func TestEachPositionIsTakenOnce(t *testing.T) {
	t.Parallel()
	const takers, sequence, rounds = 4, 1000, 400
	const each = sequence * rounds / takers
	s, err := newScript(query.New(query.Options{}), Script{Sequence: make([]journal.Response, sequence), Loop: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	taken := make([][]*answer, takers)
	begin := make(chan struct{}) // together, or the first finishes before the last begins
	var work sync.WaitGroup
	for i := range taken {
		taken[i] = make([]*answer, each)
		work.Go(func() {
			var m signature.Message
			<-begin
			for n := range taken[i] {
				taken[i][n], _ = s.choose(t.Context(), nil, &m)
			}
		})
	}
	close(begin)
	work.Wait()
	all := map[*answer]int{}
	for _, by := range taken {
		for _, a := range by {
			all[a]++
		}
	}
	for i, a := range s.sequence.answers {
		if all[a] != rounds {
			t.Fatalf("turn %d was taken %d times, want %d", i+1, all[a], rounds)
		}
	}
}

// Each of the first deliveries takes the responses of its own list, in whatever order their
// attempts come; later deliveries take those of the sequence.
func TestFirstDeliveriesHaveTheirOwnResponses(t *testing.T) {
	t.Parallel()
	statuses := func(list ...int) (responses []journal.Response) {
		for _, status := range list {
			responses = append(responses, journal.Response{Status: status})
		}
		return responses
	}
	s, err := newScript(query.New(query.Options{}), Script{Deliveries: [][]journal.Response{statuses(500, 200), statuses(410)}, Sequence: statuses(201)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range []struct {
		id   string
		want int
	}{{"a", 500}, {"b", 410}, {"c", 201}, {"a", 200}, {"b", 410}, {"a", 200}, {"d", 201}} {
		m := signature.Message{Target: "/bin", Headers: signature.Headers{{Name: "webhook-id", Value: row.id}}}
		if got, err := s.choose(t.Context(), nil, &m); err != nil || got.record.Status != row.want {
			t.Errorf("request %d, of delivery %s: %+v, %v, want %d", i+1, row.id, got, err, row.want)
		}
	}
}
