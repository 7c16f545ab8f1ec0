package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interruptible is a context that the first SIGINT or SIGTERM ends, so that the work can stop at a good place; the second
// one ends the process at once.
func interruptible(stderr *os.File) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		if isTerminal(stderr) {
			fmt.Fprintln(stderr, "\ninterrupted: stopping after this step; once more to quit at once")
		}
		cancel()
		<-signals
		os.Exit(statusInterrupted)
	}()
	return ctx, func() { signal.Stop(signals) }
}
