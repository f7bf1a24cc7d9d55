// Package memory bounds how much memory many hold together.
//
// A Room has so many bytes. Each holder takes from it through a Share of its own, waits while there is no
// room, and gives back all that it took at once. One holder at a time may exceed the bound: else several
// that hold a part each would wait for each other.
package memory
