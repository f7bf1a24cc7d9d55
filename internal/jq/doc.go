// Package jq runs untrusted jq programs: conditions in queries, scenario files and matchers.
//
// The language is that of gojq. A program can use only its input: it has no environment, files,
// clock or further inputs. Compile rewrites the program so that everything expensive first takes
// from a budget (budget.go): arrays and objects, arithmetic, recursion, and each function whose
// cost grows with its input. So a program ends with ErrLarge before it uses the memory, and with
// ErrSlow soon after its time is over, even inside a function: regular expressions read their text
// through a reader that stops (match.go). Cheap operations run unchanged.
//
//	program, err := jq.Compile(query, jq.Limits{})
//	err = program.Run(ctx, root, func(v any) bool { return true })
//
// rewrite.go is the main path: it walks the syntax tree. native.go has the cost of each function.
// prelude.go has the functions that jq defines in jq, so that they are rewritten like any program.
package jq
