//go:build !linux && !darwin

package sqlite

// freeBytes is not supported.
func freeBytes(string) (bytes int64, known bool) { return 0, false }
