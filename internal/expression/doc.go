// Package expression is the language of ${…}: one grammar and one table of functions for the
// templates and header lines of providers, for signing schemes and for scenarios.
//
// Split finds the placeholders of a text and parses each to a Node. What a Node may hold and what
// its names mean depends on the place:
//
//   - Compile, CompileBody, CompileFields and CompileDocument compile it to closures, for texts that
//     are rendered many times. A Scope maps each name to an index of Frame.Vars, so evaluation looks
//     nothing up by name. All random values come from the Frame's generator.
//   - A scenario compiles it too. Its Scope provides names whose values are looked up by path when
//     the expression is evaluated, environment variables, and no random values.
//   - A signing scheme reads the Node itself: it allows one variable with functions over bytes.
//
// The grammar, loosest first:
//
//	x | f | f(y)                       a pipe: x | f(y) is f(x, y)
//	c ? a : b
//	||  &&  == !=  < <= > >=  + -  * / %
//	-x  !x
//	x.name  x.0  x[y]                  a hyphen between two word characters belongs to the name: x.a-b
//	1  1.5  'text'  "text"  true  false  null  name  f(x, y)  [x, y]  {name: x}  (x)
//	env:NAME  env:NAME:-default  header:Name  json:/pointer
//
// An argument behind a colon is not an expression. It goes on to the next | or }, and between
// brackets also to the next comma or closing bracket. In quotes it can hold anything.
package expression
