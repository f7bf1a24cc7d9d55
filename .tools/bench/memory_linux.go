package main

import "syscall"

// memory is the largest resident set in bytes: Linux counts it in KiB.
func memory(ru *syscall.Rusage) int64 { return ru.Maxrss << 10 }
