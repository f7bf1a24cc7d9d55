package analysis

import (
	"strconv"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The number of bins with separate counts is bounded, even when senders invent names, and the stats
// of other bins are incomplete.
func TestIrregularsAreBounded(t *testing.T) {
	t.Parallel()
	var all Irregulars
	for i := range maxIrregular + 10 {
		all.Count(strconv.Itoa(i), func(i *Irregular) { i.Aborted++ })
		if i < maxIrregular {
			if _, complete := of(&all, "another"); !complete {
				t.Fatalf("not complete after %d", i)
			}
		}
	}
	if len(all.byBin) != maxIrregular || all.all.Aborted != maxIrregular+10 {
		t.Errorf("%d bins, %+v", len(all.byBin), all.all)
	}
	if counts, complete := of(&all, "7"); !complete || counts.Aborted != 1 {
		t.Errorf("a bin that is counted: %+v, %t", counts, complete)
	}
	if _, complete := of(&all, strconv.Itoa(maxIrregular+1)); complete {
		t.Error("a bin that is not counted is said to be")
	}
}

func of(all *Irregulars, bin string) (Irregular, bool) {
	stats := all.Stats(journal.Bin{Name: bin}, time.Time{})
	return stats.Irregular, stats.Complete
}
