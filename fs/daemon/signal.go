package daemon

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// UntilSignalled is a context that ends with the first SIGINT, SIGTERM or
// SIGHUP. The second ends the program with that status: whoever sends it does
// not want to wait. The function that is returned ends the context as well.
func UntilSignalled(status int) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(status)
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		cancel()
	})
}
