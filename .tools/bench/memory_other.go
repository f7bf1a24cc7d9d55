//go:build !linux

package main

import "syscall"

// memory is the largest resident set in bytes, as macOS counts it.
func memory(ru *syscall.Rusage) int64 { return ru.Maxrss }
