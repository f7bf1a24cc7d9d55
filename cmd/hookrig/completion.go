package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/handlers"
	"github.com/hookrig/hookrig/mockserver"
)

// completion proposes words for an argument. The functions filter by prefix themselves, because
// some shells do not.
type completion = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

const noFiles = cobra.ShellCompDirectiveNoFileComp

func startingWith(typed string, words []string) []string {
	var fit []string
	for _, word := range words {
		if strings.HasPrefix(word, typed) {
			fit = append(fit, word)
		}
	}
	return fit
}

func completeProvider(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, p := range fixtures.Builtin().Providers() {
		names = append(names, p.Name+"\t"+p.Title)
	}
	return startingWith(typed, names), noFiles
}

// completeEvent completes PROVIDER, then EVENT.
func completeEvent(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return completeProvider(cmd, args, typed)
	case 1:
		return completeEvents(cmd, args, typed)
	}
	return nil, noFiles
}

// completeEvents completes an event name of the provider in the first argument.
func completeEvents(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if p := provided(args); p != nil {
		for _, e := range p.Events {
			names = append(names, e.Name)
		}
	}
	return startingWith(typed, names), noFiles
}

// completeRetry completes a retry profile of the provider in the first argument.
func completeRetry(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if p := provided(args); p != nil {
		names = p.RetryNames()
	}
	slices.Sort(names)
	return startingWith(typed, slices.Compact(names)), noFiles
}

// completeFault completes a fault.
func completeFault(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, kind := range mockserver.FaultKinds() {
		for _, name := range kind.Forms() {
			names = append(names, name+"\t"+kind.Text)
		}
	}
	return startingWith(typed, names), noFiles
}

// completeLanguage completes a programming language of --code.
func completeLanguage(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, l := range handlers.Languages() {
		names = append(names, l.Name+"\t"+l.Title)
	}
	return startingWith(typed, names), noFiles
}

// completeScenario completes the scenarios that come with hookrig; the shell adds files.
func completeScenario(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return startingWith(typed, libraryNames()), cobra.ShellCompDirectiveDefault
}

// completeFirst completes the first argument with a function. rest is the directive for further
// arguments.
func completeFirst(first completion, rest cobra.ShellCompDirective) completion {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return first(cmd, args, typed)
		}
		return nil, rest
	}
}

// provided returns the provider in the first argument, or nil.
func provided(args []string) *fixtures.Provider {
	if len(args) == 0 {
		return nil
	}
	p, err := fixtures.Builtin().Provider(args[0])
	if err != nil {
		return nil
	}
	return p
}

// completeFlag completes the values of a flag of the command.
func completeFlag(cmd *cobra.Command, flag string, words completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, words); err != nil {
		panic(err) // the command has no such flag, or registered it twice
	}
}
