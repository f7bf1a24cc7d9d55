// Package hookrig is the Testcontainers module of hookrig: it runs the server in a container, for
// the tests of a program that receives or sends webhooks.
//
//	server, err := hookrig.Run(ctx, "hookrig:dev", hookrig.WithAllowTarget("consumer"))
//	testcontainers.CleanupContainer(t, server)
//	dashboard, err := server.DashboardURL(ctx)
//
// A test then uses the HTTP API at the dashboard's URL: in Go with mockserver.Dial, in any language
// as its OpenAPI document says. The module itself has no client, so that it requires no version of
// hookrig's own module; a client is one line:
//
//	client, err := mockserver.Dial(server.MustDashboardURL(ctx), "")
//
// Each URL has two forms: BinURL, VendorURL and DashboardURL are for programs on this machine, and
// InternalBinURL, InternalVendorURL and InternalDashboardURL for containers of the same network. A
// consumer that receives is named by WithAllowTarget if it is a container of the same network, and
// by WithHostTarget if it runs on this machine.
package hookrig
