// Package scenarios plays test plans against a server and checks them.
//
// A scenario is a file: who sends what to whom, and what must then be true. Load reads it, strictly: every mistake is told at once, with
// file, line, column and a hint. Run plays it through a mockserver.Client, in this process or over HTTP, and returns a Report; the same
// Report is written as text, JSON and JUnit XML. A wrong consumer is a Report, a broken server an error.
//
//	s, err := scenarios.Load("pass.yaml")
//	report, err := scenarios.Run(ctx, server.Client(), s, scenarios.Options{})
//	err = scenarios.WriteText(os.Stdout, []scenarios.Report{report}, scenarios.TextOptions{})
//
// # A file
//
//	hookrig: 1                            # the format's version
//	name: pass-installed-twice
//	provider: neostore                    # of the steps that name none
//	seed: 7                               # left out: a new one each run, printed
//	clock: {mode: virtual}                # or real: wall time
//	target: {bin: inbox}                  # who receives; a run may be given an address in the bin's place
//	bins:
//	  inbox: {provider: neostore}         # verifies every signature on arrival
//	effects:                              # how the consumer's state is seen
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
//	    when: target                      # only when the run has a real consumer
//	    expect:
//	      effects: {wallet: {eventually: {eq: installed}, within: 2s, never: {eq: installed-twice}, for: 1s}}
//
// A scenario that subscribes plays in its own run: its endpoints get its events and no others, and its clock is not the server's, so that
// many can be played at one server at the same time. One that subscribes nobody sends to the endpoints that the consumer registered itself.
//
// # Verbs
//
// A step has an id and one verb. Every verb may carry an expect; expect alone is a verb too.
//
//	subscribe  registers an endpoint with a provider; it is removed when the run ends
//	journey    renders the life of an entity and delivers its events in order, or holds them for later
//	deliver    sends single events of fresh entities or with a given body, or those of a journey: in another order, several times, at once,
//	           with faults
//	advance    moves the virtual clock; every retry that becomes due is really sent
//	response      changes what a bin answers
//	replay     has the provider deliver again what a step delivered
//	burst      sends many events over many connections, straight to the consumer
//
// # Expectations
//
//	captures    what a bin holds: count, where (jq), verified, schema, headers, events, order, same, differs
//	never       what must not arrive in a bin for a while
//	deliveries  what the provider made of the events: state, attempts (their outcomes in order), due, same, differs
//	effects     what the consumer's state eventually is, or never is
//	burst       what a burst came to
//
// Hung on a verb, captures and deliveries are those since that verb began; in a step of their own they are those of the whole run, unless since or of
// names a step.
//
// # References
//
// ${steps.ID.…}, ${bins.NAME.url}, ${target.url}, ${target.secret}, ${seed}, ${env:NAME} and ${env:NAME:-default} stand for what is known
// when their step begins. A scalar that is only a reference takes the value with its type; within text the value is put in. $${ is a
// literal ${. There are no text templates: keys and structure are never computed.
//
// # Verdicts
//
// A step is passed, failed, inconclusive (something that the check needs is missing), error (the server failed) or skipped.
// A failed step does not end the run: the steps after it say more. An error does. Equal seeds send equal bytes; the report says the
// seed and the command that repeats the run.
package scenarios
