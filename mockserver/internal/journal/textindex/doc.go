// Package textindex says which captures may contain a text, for the searches of the stores.
//
// Sequence numbers are divided into segments, and these into blocks. The index of a segment is a
// table of bits, like a Bloom filter. It has a row for each hash of a gram, which is a sequence of
// three or four bytes, and a column for each block. A bit is set if a capture of that block
// contains such a gram. A block may contain a text if it has the bits of all grams of the text.
// Deletions do not change an index: they only cause false positives.
//
// The full-text indexes of the databases answer as fast but take much longer to fill than recording
// the captures takes: fifty times as long as this one in SQLite (FTS5, trigrams), see package
// postgres for its pg_trgm.
package textindex
