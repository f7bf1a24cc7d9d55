// Package terminal writes text to terminals and logs safely. Text from strangers cannot change
// colours, the cursor, the clipboard or the title, cannot add a line that looks like one of ours,
// and cannot reverse the direction of text.
//
// A Writer wraps the output of a program. It escapes control characters in everything that is
// written. Printf also keeps each argument on one line, unless it is Lines. Colours are arguments
// of type Paint, so text cannot contain one. An escape is \u001b, so that JSON stays the same JSON;
// a byte that is not UTF-8 is \x9b.
package terminal
