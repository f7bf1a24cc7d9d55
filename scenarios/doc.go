// Package scenarios runs test scenarios against a hookrig server and checks the results.
//
// A scenario is a YAML file. It says who sends what to whom, and what must be true afterwards. Load
// reads it strictly: it reports all mistakes at once, each with file, line, column and a hint. Run
// plays a scenario through a mockserver.Client, in this process or over HTTP, and returns a Report,
// which can be written as text, JSON, JUnit XML and HTML. Run reports a wrong consumer in the
// Report and a broken server as an error.
//
//	s, err := scenarios.Load("pass.yaml")
//	report, err := scenarios.Run(ctx, server.Client(), s, scenarios.Options{})
//	err = scenarios.WriteText(os.Stdout, []scenarios.Report{report}, scenarios.TextOptions{})
//
// # A file
//
//	hookrig: 1                            # version of the file format
//	name: pass-installed-twice
//	provider: neostore                    # default provider of the steps
//	seed: 7                               # without it, each run chooses and prints one
//	clock: {mode: virtual}                # or real, which is wall time
//	target: {bin: inbox}                  # the receiver; --target URL replaces the bin
//	bins:
//	  inbox: {provider: neostore}         # the bin verifies every signature on arrival
//	effects:                              # how to read the consumer's state
//	  wallet: {http: {url: "${target.url}/passes/${steps.life.events.0.body.passId}"}, jq: .body.state}
//	steps:
//	  - id: sub
//	    subscribe: {events: ["Pass:*"], retry: at-least-once}
//	  - id: life
//	    journey: {name: pass, events: ["Pass:Created", "Pass:Installed"]}
//	    expect:
//	      captures: {count: 2, verified: valid, schema: valid, headers: documented, order: as-happened}
//	  - id: again
//	    deliver: {from: life, events: ["Pass:Installed"], times: 2}
//	    expect:
//	      captures: {count: 2, same: [body, header x-neostore-signature]}
//	  - id: installed-once
//	    when: target                      # only in runs against a real consumer
//	    expect:
//	      effects: {wallet: {eventually: {eq: installed}, within: 2s, never: {eq: installed-twice}, for: 1s}}
//
// A scenario can have parameters that a run sets (params), a table for which it is played once for
// each row (rows), steps before and after (setup, teardown), and steps of other files (include).
// The teardown runs whatever happened before.
//
// A scenario with a subscribe step is isolated from other runs on the same server: its endpoints
// get only its own events, and it has its own clock. You can run many such scenarios on one server
// at the same time. A scenario without a subscribe step sends to the endpoints that the consumer
// registered itself.
//
// # Verbs
//
// A step has an id and one verb. Any verb can be combined with an expect. A step can also have only
// an expect.
//
//	subscribe  registers an endpoint with a provider until the run ends
//	journey    renders the journey of an entity and delivers its events in order, or stores them
//	           for later steps (hold)
//	deliver    sends single events, each of a new entity or with a given body, or the events of a
//	           journey: in another order, several times, in parallel, with faults
//	advance    moves the virtual clock forward and sends every retry that is then due
//	respond    changes the responses of a bin
//	replay     repeats the deliveries of an earlier step
//	burst      sends many events over many connections, directly to the consumer
//	call       sends one HTTP request to the consumer
//	restart    restarts the consumer, in runs that can
//
// A step with a table (each) is run once for each row. A step can keep values for later steps
// (save) and have a time limit (timeout).
//
// # Expectations
//
//	captures    the captures of a bin: count, where (jq), verified, schema, headers, events, order,
//	            same, differs
//	never       captures that must not arrive for some time
//	deliveries  the provider's deliveries: state, attempts (their outcomes in order), due, same,
//	            differs
//	response    the consumer's responses: status, header lines, body, time
//	effects     the consumer's state: eventually a value, or never a value
//	burst       the result of a burst
//
// In a step with a verb, captures and deliveries cover that step. In a step with only an expect,
// they cover the whole run. The keys since and of select another step.
//
// # References
//
// Values can be ${steps.ID.…}, ${params.NAME}, ${row.NAME}, ${each.NAME}, ${bins.NAME.url},
// ${target.url}, ${target.origin}, ${target.secret}, ${seed}, ${env:NAME} or ${env:NAME:-default},
// and expressions of them: "hookrig help values" describes the language. A value that a step saved
// is ${steps.ID.NAME}, like everything else that a step knows. They are evaluated when their step
// begins. A scalar that consists of one ${…} takes the value and its type; within text it is
// replaced by the value's text. Write $${ for a literal ${. References never produce keys or
// structure. There are no random functions: a value must be the same each time it is read.
//
// # Results
//
// The status of a step is passed, failed, inconclusive (data that the check needs is missing),
// error (the server failed) or skipped. The run continues after a failed step and ends after an
// error or a time limit. What a time limit ended is inconclusive, never failed. A Suite plays
// several scenarios, also at the same time. Runs with the same seed send the same bytes; the report
// contains the seed and the command that repeats the run.
//
// A Report contains for each step its deliveries with their attempts, its exchanges, and for a
// failed step the differences and near misses. Lists and bodies have limits, and the report says
// how much it leaves out. Secrets are replaced. WriteAnnotations and WriteSummary are for GitHub
// Actions.
package scenarios
