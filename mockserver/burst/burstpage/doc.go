// Package burstpage shows the report of a burst as one HTML page with plots.
//
//	report, err := burst.Run(ctx, plan, nil)
//	err = burstpage.Write(file, report, nil)
//
// The page needs no network and no script. It has each plot twice, in light and in dark, and shows
// the one that the reader's system asks for; printed, it is light. With a second report it compares
// the two.
package burstpage
