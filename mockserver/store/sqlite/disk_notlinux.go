//go:build !linux

package sqlite

import "os"

// allocate cannot be done.
func allocate(*os.File, int64) (ok bool, err error) { return false, nil }
