// Package jq runs jq programs of strangers: conditions in queries, scenario files and matchers.
//
// The language is gojq's. A program sees its input and nothing else: no environment, file, clock setting or further input. Compile
// rewrites the program so that what can take much is asked for first: arrays and objects, arithmetic, recursion and each
// function whose cost grows with its input ask a budget (budget.go). So a program ends with ErrLarge before it
// takes the memory, and with ErrSlow soon after its time is over, also inside of a function: regular expressions read their text
// through a reader that ends (match.go). What is small runs as it stands.
//
//	program, err := jq.Compile(query, jq.Limits{})
//	err = program.Run(ctx, root, func(v any) bool { return true })
//
// rewrite.go is the main path: it walks the syntax tree. native.go says what each function costs, prelude.go holds the functions that jq
// defines in jq, so that they are rewritten like any other program.
package jq
