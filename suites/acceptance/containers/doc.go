// Package containers is the part of the project's end-to-end suite that runs in containers: the
// image itself, and a provider, a capture server and a consumer in a network that fails.
//
// It is a module of its own, so that the module hookrig does not require the Docker client: a
// program that imports mockserver and uses another version of Testcontainers would get this one.
// `make suites` runs it. It needs a Docker engine and no image; without an engine its specs skip,
// unless HOOKRIG_REQUIRE lists docker.
package containers
