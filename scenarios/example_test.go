package scenarios_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// This example plays a library scenario on a server in this process.
func ExampleRun() {
	ctx := context.Background()
	server, err := mockserver.Start(ctx, mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	s, err := scenarios.LoadFS(scenarios.Library(), "retry-until-up.yaml")
	if err != nil {
		log.Fatal(err)
	}
	report, err := scenarios.Run(ctx, server.Client(), s, scenarios.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Status, report.Counts.Events, report.Counts.Attempts)
	// Output: passed 1 8
}
