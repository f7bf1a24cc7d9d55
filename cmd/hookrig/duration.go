package main

import (
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// durationFlag is a flag with a duration, as scenarios and the API write it. The zero value is "0",
// so that the help shows no default.
type durationFlag time.Duration

func (d *durationFlag) Type() string { return "duration" }

func (d *durationFlag) String() string {
	if *d == 0 {
		return "0"
	}
	return ageText(time.Duration(*d))
}

// Set reads a duration such as 250ms, 5s, 2h or 2d.
func (d *durationFlag) Set(text string) error {
	if text == "0" {
		*d = 0
		return nil
	}
	v, err := strictyaml.ParseDuration(text)
	if err != nil {
		return err
	}
	*d = durationFlag(v)
	return nil
}
