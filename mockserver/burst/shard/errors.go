package shard

import "errors"

var (
	// ErrAddress means that the address of the database is wrong.
	ErrAddress = errors.New("address of the database")
	// ErrDatabase means that the database cannot be reached or used; the error says why.
	ErrDatabase = errors.New("database")
	// ErrForeign means that a newer hookrig, or another application, uses the schema.
	ErrForeign = errors.New("schema of the database")
	// ErrNoWorkers means that fewer shards were claimed in time than the burst has.
	ErrNoWorkers = errors.New("not enough workers")
	// ErrSlim means that the program was built with the tag slim, which leaves out River, 4 MB.
	ErrSlim = errors.New("this hookrig is the small one of the image, without bursts over several machines: use that of make build, or build the image with --build-arg TAGS=")
	// ErrNode means that a shard could not begin on its node; the error says which, and why.
	ErrNode = errors.New("shard")
)
