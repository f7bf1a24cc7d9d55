// Package vendorapi is what the systems' own APIs have in common. A vendor API is an HTTP handler that a program written
// against one system talks to, and must not notice that it talks to a server: the paths, verbs, statuses, header names and
// errors are the system's. There is a package for each beside this one.
//
// A vendor API serves at the root, as the real system does, on an address of its own; the dashboard serves it below the
// provider's name besides. Base tells a handler where its caller found it. Everything a vendor API keeps is in the store:
// endpoints, tenants and entities by the dispatcher, the rest as documents.
package vendorapi
