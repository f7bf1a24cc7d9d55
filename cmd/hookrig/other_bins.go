package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// maxOtherBins is the number of other bins that are named. One line replaces the rest.
const maxOtherBins = 10

// reportOtherBins prints a line on stderr for the first requests in every other bin, until ctx is
// done. Otherwise a sender with a wrong path would not be noticed.
func reportOtherBins(ctx context.Context, w World, store mockserver.Store, shown string) {
	reported := map[string]bool{shown: true}
	watch := store.Watch(mockserver.StoreFilter{})
	defer watch.Close()
	for {
		bins, err := store.Bins(ctx)
		if err != nil {
			return // listen reports the same error
		}
		for _, b := range bins {
			if reported[b.Name] || b.Stored() == 0 {
				continue
			}
			if len(reported) > maxOtherBins {
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
		select { // under load, one report covers many requests
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
