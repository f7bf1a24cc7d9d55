// Package terminal writes text that a person reads on a terminal or in a log, where what strangers sent must not steer
// anything: no colours, cursor, clipboard or title, no line that passes for one of ours, no text that runs backwards.
//
// A Writer stands between a program and its output. Whatever is written to it has its control characters escaped; what is formatted by
// Printf has each argument on one line besides, unless it is Lines. Colours are Paint, which is an argument of Printf: a
// text cannot be one. An escape is \u001b, so that JSON which goes through a Writer stays the same JSON; a byte that is no UTF-8 is \x9b.
package terminal
