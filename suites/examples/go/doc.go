// Package consumer is a worked example: a program that receives webhooks and sends one, and its
// test with Ginkgo, Gomega and a server that runs elsewhere.
//
//	hookrig serve --data memory
//	HOOKRIG_SERVER=http://127.0.0.1:8080 go test
//
// The same tests are beside it with the standard library alone, in Go, Python, Node and PHP. In Go
// a test can also start a server in its own process: mockserver.StartT, and package conformance,
// which makes specs of the checks of hookrig check.
package consumer
