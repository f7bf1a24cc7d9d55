// Package mockserver is a server for testing webhooks, inside a test or a program: it plays the providers that send and the
// bins that receive, and keeps a journal of both.
//
// A test starts one with StartT, has a provider deliver to a bin (or to the consumer under test), and looks at what
// arrived:
//
//	server := mockserver.StartT(t)
//	inbox := server.Bin("inbox")
//	neostore := server.Provider("neostore")
//	endpoint, err := neostore.Subscribe(ctx, inbox.URL(), "Pass:*")
//	deliveries, err := neostore.Emit(ctx, "Pass:Created")
//	captures, err := inbox.Wait(ctx, 1)
//
// Time belongs to the test. The retry schedule's clock stands still until Advance, which makes three days of retries in
// milliseconds, each one really sent; Options.RealClock lets it run by itself. Everything drawn at random comes from
// Options.Seed, so the same test sends the same bytes again.
//
// A consumer that is called by https, such as an httptest.NewTLSServer, shows a certificate that the system's authorities
// do not know. Options.Trust names others:
//
//	authorities := x509.NewCertPool()
//	authorities.AddCert(server.Certificate())
//	server := mockserver.StartT(t, mockserver.Options{Trust: Trust{Authorities: authorities}})
//
// Client is everything that can be asked of a server. Server.Client asks this process; Dial asks the dashboard, the HTTP API
// of a server that runs elsewhere. What is written against Client works with both.
//
// The package links neither a database nor a web framework: a Store and a Dashboard are given as options by those who want
// them.
package mockserver
