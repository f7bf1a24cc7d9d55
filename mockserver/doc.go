// Package mockserver is a server for testing webhooks, inside a test or a program. It plays the
// providers that send, has bins that receive, and keeps a journal of both.
//
// A test starts a server with StartT, lets a provider deliver to a bin (or to the consumer under
// test), and checks what arrived:
//
//	server := mockserver.StartT(t)
//	inbox := server.Bin("inbox")
//	neostore := server.Provider("neostore")
//	endpoint, err := neostore.Subscribe(ctx, inbox.URL(), "Pass:*")
//	deliveries, err := neostore.Emit(ctx, "Pass:Created")
//	captures, err := inbox.Wait(ctx, 1)
//
// The test controls the time. The clock of the retry schedule only moves when you call Advance,
// which sends three days of retries in milliseconds. Options.RealClock makes the schedule follow
// the wall clock. All random values come from Options.Seed, so the same test sends the same bytes
// again.
//
// The system's certificate authorities do not know the certificate of an https test consumer, such
// as an httptest.NewTLSServer. Add it with Options.Trust:
//
//	authorities := x509.NewCertPool()
//	authorities.AddCert(server.Certificate())
//	server := mockserver.StartT(t, mockserver.Options{Trust: Trust{Authorities: authorities}})
//
// A Client has every operation of a server. Server.Client calls a server in this process; Dial
// calls the HTTP API of a server that runs elsewhere. Code that uses a Client works with both.
//
// The package links neither a database nor a web framework. Pass a Store or a Dashboard as an
// option if you want one.
package mockserver
