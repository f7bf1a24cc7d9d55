// Package servertest tests a whole server through package mockserver: its dashboard, its vendor
// APIs and its clients, in this process and over HTTP.
//
// Nothing imports the package. In package mockserver these tests would make go mod tidy of every
// user's module download the libraries of the dashboard.
package servertest
