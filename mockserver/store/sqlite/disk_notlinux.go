//go:build !linux

package sqlite

import "os"

// allocate is not supported.
func allocate(*os.File, int64) (ok bool, err error) { return false, nil }
