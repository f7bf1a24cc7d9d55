package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// elsewhereBins is how many other bins are named before the rest is summed up in one line.
const elsewhereBins = 10

// reportElsewhere prints to stderr the first requests of every bin but the one that is shown, until ctx is done: a sender
// with a wrong path is otherwise not seen at all.
func reportElsewhere(ctx context.Context, w World, store mockserver.Store, shown string) {
	reported := map[string]bool{shown: true}
	watch := store.Watch(mockserver.StoreFilter{})
	defer watch.Close()
	for {
		bins, err := store.Bins(ctx)
		if err != nil {
			return // listen itself meets the same error
		}
		for _, b := range bins {
			if reported[b.Name] || b.Stored() == 0 {
				continue
			}
			if len(reported) > elsewhereBins {
				w.Stderr.Printf("requests in other bins are no longer reported (not shown)\n")
				return
			}
			reported[b.Name] = true
			w.Stderr.Printf("%s in bin %s (not shown: hookrig listen %[2]s)\n", countOf(b.Stored(), "request"), b.Name)
		}
		select {
		case <-watch.C():
		case <-ctx.Done():
			return
		}
		select { // under load a look takes all that came meanwhile
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func countOf(n uint64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
