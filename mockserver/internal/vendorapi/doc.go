// Package vendorapi is what the vendor APIs have in common. A vendor API is an HTTP handler for
// programs that were written against one system: its paths, verbs, statuses, header names and
// errors are the system's. Each is a package below this one.
//
// A handler takes a Backend, adds its routes to Routes, and returns what went wrong: Routes finds
// the status of an error in the table of package problem, and the API only writes the body in its
// own form. Sessions, Page, Number and ReadForm are for lists and for the pages that some systems
// have.
//
// A vendor API serves at the root of a separate address, as the real system does; the dashboard
// also serves it below the provider's name. Base returns the address that a caller used. Everything
// that a vendor API keeps is in the store: endpoints by package delivery, tenants and entities by
// package entities, the rest as documents.
package vendorapi
