package http1

import "unsafe"

// text is a view of bytes as a string. It is valid as long as the bytes do not change, so nobody may keep it.
func text(raw []byte) string { return unsafe.String(unsafe.SliceData(raw), len(raw)) }

// ParseView takes a head apart like Parse. The strings of h are parts of raw, so they are valid until raw changes.
func (h *Head) ParseView(raw []byte) error { return h.Parse(text(raw)) }
