// Package consumer is a worked example: the tests of a program that receives webhooks and sends
// one, with the standard library alone and a server that runs elsewhere.
//
//	hookrig serve --data memory
//	HOOKRIG_SERVER=http://127.0.0.1:8080 go test
//
// The program is the one in ../go, which has the same tests with Ginkgo and Gomega. All that a test
// needs of the server is in hookrig_test.go: copy it into your package.
package consumer
