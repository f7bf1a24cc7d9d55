// Package burstpage shows the report of a burst as one HTML page with plots.
//
//	report, err := burst.Run(ctx, plan, nil)
//	err = burstpage.Write(file, report, nil)
//
// The page needs no network and no script, is light or dark as the reader's system asks, and prints
// light. With a second report it compares the two.
//
// The plots are drawn here and not by a library: a library's fonts and formats would make the
// container image larger than its bound, and its colours could not follow the reader's theme.
package burstpage
